-- Posts the lines of a file in turn, each once; prints what wrk measured as JSON.
local path, skipped, lines

function init(arguments)
  path, skipped = arguments[1], tonumber(arguments[2])
  lines = io.lines(path)
  for _ = 1, skipped do
    lines()
  end
end

function request()
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, lines())
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
