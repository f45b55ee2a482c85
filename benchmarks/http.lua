-- Asks for the paths of a file in turn, with a number never used before for {n}; prints what wrk measured as JSON.
local paths, sent = {}, os.time() * 1e5

function init(arguments)
  for path in io.lines(arguments[1]) do
    paths[#paths + 1] = path
  end
end

function request()
  sent = sent + 1
  return wrk.format("GET", (paths[sent % #paths + 1]:gsub("{n}", string.format("%.0f", sent))))
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
