#!/usr/bin/env bash
# Sets the password of kibana_system, and makes the role and user that Cinegrain has in Elasticsearch. May be repeated.
set -euo pipefail

ask() {
    printf 'user = "elastic:%s"\n' "$ELASTIC_PASSWORD" |
        curl --silent --show-error --fail --config - --header 'Content-Type: application/json' --output /dev/null \
            --request "$1" "http://elasticsearch:9200/$2" --data "$3"
}

ask POST _security/user/kibana_system/_password "{\"password\":\"$KIBANA_SYSTEM_PASSWORD\"}"
ask PUT _security/role/cinegrain '{
  "cluster": ["monitor", "manage_index_templates"],
  "indices": [{ "names": ["cinegrain-*"], "privileges": ["all"] }]
}'
ask PUT _security/user/cinegrain "{\"password\":\"$CINEGRAIN_ELASTICSEARCH_PASSWORD\",\"roles\":[\"cinegrain\"]}"
echo "accounts are set"
