# The version is that of the package "node" in package.json, which every test runs on. To pin the image too, add the digest that
# `docker buildx imagetools inspect` prints for this tag: docs/deployment.md.
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app

FROM base AS dependencies
COPY package.json package-lock.json ./
# Without install scripts, which no package of the service needs: that of "node" would bring Node.js a second time.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm -r node_modules/node

FROM base AS build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY buf.yaml buf.gen.yaml ./
COPY proto proto
COPY src src
COPY web web
RUN PATH="$PWD/node_modules/.bin:$PATH" buf generate && node web/build.ts

FROM base AS service
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/src src
COPY --from=build /app/web/dist web/dist
COPY adapters adapters
COPY simulate simulate
RUN mkdir -p node_modules/.cache /var/lib/countersign && chown 10001:10001 node_modules/.cache /var/lib/countersign
# Node.js keeps compiled code apart for each user id, so the cache that makes a start quick in a read-only container is made by the user
# that will run there. What only some configurations load is asked for by name.
USER 10001:10001
RUN --network=none node src/main.ts > /dev/null & service=$!; \
    node src/main.ts health --ready --wait 60 && kill -TERM "$service" && wait "$service" && \
    NODE_COMPILE_CACHE=node_modules/.cache/countersign node --input-type=module --eval \
      'await Promise.all(["mongodb", "nodemailer"].map((name) => import(name)))' && \
    chmod -R a+rX node_modules/.cache

FROM base
LABEL org.opencontainers.image.title="Countersign" \
      org.opencontainers.image.description="Sends one-time codes by SMS, voice call and email, and verifies each of them once"
# Without a configuration it does not start: development mode is for one machine, and listens on loopback addresses only.
ENV NODE_ENV=production \
    COUNTERSIGN_CONFIG=/etc/countersign/countersign.yaml \
    COUNTERSIGN_GRPC_ADDR=0.0.0.0:50051 \
    COUNTERSIGN_HTTP_ADDR=0.0.0.0:8080
# The code is root's, and so is the compiled code: whoever gets hold of the service cannot change what runs next time.
COPY --from=service --chown=0:0 /app /app
# For a store in SQLite: the one folder that the service writes to.
COPY --from=service --chown=10001:10001 /var/lib/countersign /var/lib/countersign
USER 10001:10001
EXPOSE 8080 50051
STOPSIGNAL SIGTERM
# Alive, and not ready: a container that is restarted because the database is away only loses what it had in flight.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "src/main.ts", "health"]
# Node.js is process 1 and needs no init beside it: the service handles SIGTERM and SIGINT itself, and starts no processes that it would
# have to reap.
ENTRYPOINT ["node", "src/main.ts"]
