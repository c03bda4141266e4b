#!/bin/sh
# Waits until every container of the environment is healthy.
#   health-check.sh [--environment staging] [--timeout 300]
set -eu
environment=${ENVIRONMENT:-staging} timeout=300
while [ $# -gt 1 ]; do
    case $1 in
    --environment) environment=$2 ;;
    --timeout) timeout=$2 ;;
    *) echo "usage: $0 [--environment NAME] [--timeout SECONDS]" >&2; exit 2 ;;
    esac
    shift 2
done

deadline=$(($(date +%s) + timeout))
while :; do
    all=$(docker ps -a --filter "label=com.docker.compose.project=temponest-$environment" \
        --filter label=com.docker.compose.oneoff=False --format '{{.Names}} {{.Status}}')
    unhealthy=$(echo "$all" | grep -v '(healthy)' || true)
    [ -n "$all" ] && [ -z "$unhealthy" ] && break
    if [ "$(date +%s)" -ge "$deadline" ]; then
        printf 'not healthy after %s s:\n%s\n' "$timeout" "${unhealthy:-no container of temponest-$environment}" >&2
        exit 1
    fi
    sleep 0.2
done
echo "$all" | wc -l | xargs printf '%s containers are healthy\n'
