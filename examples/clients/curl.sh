#!/bin/sh
# Looks at an organization's services, finds a slot, books it and cancels it, with curl.
#   KORDLESS_API_KEY=kord_live_… KORDLESS_ORG_ID=org_… examples/clients/curl.sh
set -eu
: "${KORDLESS_API_KEY:?is the key of the organization}"
: "${KORDLESS_ORG_ID:?is the id of the organization}"
slug=${KORDLESS_ORG_SLUG:-acme-salon}
api=${KORDLESS_URL:-http://127.0.0.1:8080}/api/calendar/v1/public

# call METHOD PATH [curl's arguments]: the body in $answer, or the end with its sentence.
call() {
    method=$1 path=$2
    shift 2
    answer=$(curl -sS -X "$method" -H "x-kordless-key: $KORDLESS_API_KEY" \
        -H "x-organization-id: $KORDLESS_ORG_ID" -w '\n%{http_code}' "$@" "$api$path")
    status=$(printf '%s' "$answer" | tail -n 1)
    answer=$(printf '%s' "$answer" | sed '$d')
    [ "$status" -lt 400 ] && return
    echo "$method $path: $status $(field detail)" >&2
    exit 1
}

# The first value of this name in the answer. Real programs use a JSON parser.
field() { printf '%s' "$answer" | grep -o "\"$1\":\"[^\"]*\"" | sed -n 1p | cut -d'"' -f4; }

call GET "/org/$slug"
service=$(printf '%s' "$answer" | sed 's/.*"services"://' | grep -o '"slug":"[^"]*"' |
    sed -n 1p | cut -d'"' -f4)
[ -n "$service" ] || { echo "$slug has no services yet" >&2; exit 1; }
call GET "/org/$slug/service/$service"
echo "service  $service: $(field description)"

from=$(date -u -d '+2 days' +%Y-%m-%dT00:00:00Z)
to=$(date -u -d '+16 days' +%Y-%m-%dT00:00:00Z)
call GET "/availability?org_slug=$slug&service_slug=$service&from=$from&to=$to"
starts=$(field startsAt) ends=$(field endsAt)
[ -n "$starts" ] || { echo "nothing is free until $to" >&2; exit 1; }
echo "slot     $starts"

call POST /bookings -H 'Content-Type: application/json' \
    -H "Idempotency-Key: curl-$$-$(date +%s)" --data "{
        \"org_slug\": \"$slug\", \"service_slug\": \"$service\", \"timezone\": \"UTC\",
        \"starts_at\": \"$starts\", \"ends_at\": \"$ends\",
        \"contact\": {\"name\": \"Curl\", \"email\": \"curl@example.com\"}}"
number=$(field confirmation_number)
echo "booked   $number"

call POST "/bookings/confirmation/$number/cancel?contact=curl%40example.com"
echo "then     $(field status)"
