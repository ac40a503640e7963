#!/usr/bin/env bash
# Imports the data views and dashboards into Kibana (8.19 or 9.x); may be repeated. Usage: kibana/import.sh [KIBANA_URL]
#
# KIBANA_URL             http://localhost:5601 when neither given nor set
# KIBANA_API_KEY         encoded API key; or KIBANA_USER and KIBANA_PASSWORD
# KIBANA_CA              file with the certificate authority of an https:// Kibana
# KIBANA_WAIT            seconds to wait for Kibana to be ready (default 0)
# CINEGRAIN_PREFIX       prefix of the indices when it is not cinegrain
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

url=${1:-${KIBANA_URL:-http://localhost:5601}}
prefix=${CINEGRAIN_PREFIX:-cinegrain}
options=(--silent --show-error --max-time 120 --header "kbn-xsrf: true")
[[ -n ${KIBANA_CA:-} ]] && options+=(--cacert "$KIBANA_CA")

# Credentials go by standard input, which no process list shows.
credentials() {
    if [[ -n ${KIBANA_API_KEY:-} ]]; then
        printf 'header = "Authorization: ApiKey %s"\n' "$KIBANA_API_KEY"
    elif [[ -n ${KIBANA_USER:-} ]]; then
        printf 'user = "%s:%s"\n' "$KIBANA_USER" "${KIBANA_PASSWORD:-}"
    fi
}

deadline=$((SECONDS + ${KIBANA_WAIT:-0}))
until credentials | curl "${options[@]}" --config - --output /dev/null --fail "$url/api/status" 2> /dev/null; do
    if ((SECONDS >= deadline)); then
        echo "Kibana does not answer at $url: check the URL, and KIBANA_USER and KIBANA_PASSWORD or KIBANA_API_KEY" >&2
        exit 1
    fi
    sleep 2
done

# Only the index pattern's title names indices; the ids that dashboards refer to stay.
file=$(mktemp --suffix=.ndjson) && trap 'rm -f "$file"' EXIT
sed "s/\"title\":\"cinegrain-\([a-z]*\)\",\"name\"/\"title\":\"$prefix-\1\",\"name\"/" cinegrain.ndjson > "$file"

answer=$(credentials | curl "${options[@]}" --config - --form "file=@$file" "$url/api/saved_objects/_import?overwrite=true")
# Kibana answers 200 also when objects failed.
if [[ $answer != *'"success":true'* ]]; then
    echo "Kibana did not import everything: $answer" >&2
    exit 1
fi
echo "imported: $url/app/dashboards#/view/cinegrain-business, cinegrain-system, cinegrain-governance"
