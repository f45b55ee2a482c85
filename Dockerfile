# The service as an image: docker build -t caravan .
FROM python:3.11.14-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv venv /opt/caravan \
 && uv export --locked --no-dev --extra postgres --no-emit-project --output-file /tmp/requirements.txt --quiet \
 && uv pip install --python /opt/caravan --require-hashes --requirements /tmp/requirements.txt
COPY main.py ./
COPY app app
COPY matching matching
COPY schemas schemas
COPY migrations migrations
RUN uv build --wheel --out-dir /tmp/dist --quiet \
 && uv pip install --python /opt/caravan --no-deps /tmp/dist/*.whl

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /data caravan \
 && install --directory --owner caravan --group caravan --mode 0750 /data
COPY --from=build /opt/caravan /opt/caravan
# The data directory is all that is written to; /tmp takes uploads.
ENV PATH=/opt/caravan/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CARAVAN_DATA_DIR=/data \
    NUMBA_CACHE_DIR=/data/compiled
VOLUME /data
WORKDIR /data
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 CMD ["caravan", "health"]
ENTRYPOINT ["caravan"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
