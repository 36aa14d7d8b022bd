# The suite with its mock providers: docker run --rm -v "$PWD:/driver" IMAGE run /driver/docker-machine-driver-acme
FROM rust:1-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /source
COPY . .
RUN cargo build --profile dist --locked --package machine-conformance && \
    strip target/dist/machine-conformance

FROM alpine:3
# OpenSSH is for people: logging in to machines that --keep leaves. The suite has its own client.
RUN apk add --no-cache openssh-client && adduser -D -u 65532 suite
COPY --from=build /source/target/dist/machine-conformance /usr/local/bin/machine-conformance
USER 65532
WORKDIR /driver
ENTRYPOINT ["machine-conformance"]
CMD ["--help"]
