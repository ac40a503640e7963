# The Standalone host, silo and gateway of a cluster, and the command-line client, without a shell, as a user without privileges. Everything that is written goes to /data.
ARG DOTNET_VERSION=10.0

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET_VERSION} AS build
WORKDIR /source
COPY global.json .editorconfig Directory.Build.props Directory.Packages.props ./
COPY src ./src
# Kafka's native library comes from its package, since the image below has none.
RUN dotnet publish src/Standalone -c Release -p:BundleLibrdkafka=true -p:GenerateDocumentationFile=false -o /app/server \
    && dotnet publish src/Silo -c Release -p:BundleLibrdkafka=true -p:GenerateDocumentationFile=false -o /app/silo \
    && dotnet publish src/Gateway -c Release -p:BundleLibrdkafka=true -p:GenerateDocumentationFile=false -o /app/gateway \
    && dotnet publish src/Cli -c Release -p:BundleLibrdkafka=true -p:GenerateDocumentationFile=false -o /app/cli \
    && mkdir /data

# docker build --target dashboards: imports the Kibana dashboards, and ends. It needs bash and curl, which this image has.
FROM docker.elastic.co/elasticsearch/elasticsearch:9.1.4 AS dashboards
COPY kibana/import.sh kibana/cinegrain.ndjson /kibana/
USER 1000:1000
ENTRYPOINT ["/bin/bash", "/kibana/import.sh"]

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET_VERSION}-noble-chiseled
COPY --from=build /app /app
COPY --from=build --chown=${APP_UID}:${APP_UID} --chmod=0700 /data /data
WORKDIR /data
# 64 MB of nursery for each heap: on machines that do not tell the size of their caches the collector would take 3 MB, and collect hundreds of times a second.
ENV CINEGRAIN_DATA=/data \
    CINEGRAIN_URLS=http://+:5080 \
    DOTNET_GCgen0size=4000000 \
    DOTNET_EnableDiagnostics=0
USER ${APP_UID}
VOLUME /data
EXPOSE 5080
HEALTHCHECK --interval=10s --timeout=5s --start-period=2m CMD ["dotnet", "/app/server/cinegrain-standalone.dll", "health", "http://localhost:5080"]
ENTRYPOINT ["dotnet", "/app/server/cinegrain-standalone.dll"]
