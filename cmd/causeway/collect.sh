#!/usr/bin/env bash
# Gathers what a diagnosis of the application gateway {{.Gateway}} needs, from {{.From}} to {{.To}}, into one
# bundle. It only reads. What cannot be had is noted and does not stop the rest.
# Needs the Azure command line (az), signed in to the cloud {{.Cloud}}, and tar.
set -u
group={{q .Group}} gateway={{q .Gateway}} from={{q .From}} to={{q .To}} bundle={{q .Bundle}}
cloud={{q .Cloud}} subscription={{q .Subscription}} storage={{q .Storage}} workspace={{q .Workspace}}

command -v az >/dev/null || { echo "az is not installed: see https://learn.microsoft.com/cli/azure/install-azure-cli" >&2; exit 3; }
now=$(az cloud show --query name -o tsv) || exit 3
[ "$now" = "$cloud" ] || { echo "az works on $now, and this gateway is in $cloud: az cloud set --name $cloud && az login" >&2; exit 3; }
[ -z "$subscription" ] || export AZURE_SUBSCRIPTION_ID="$subscription"
sub=(); [ -z "$subscription" ] || sub=(--subscription "$subscription")

dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
note() { # note NAME: the last command failed, and says why
  echo "$1: $(tail -n 3 "$dir/error" | tr -s '\r\n' ' ')" >>"$dir/not-collected.txt"
}
get() { # get NAME COMMAND…: keeps what the command prints, or why there is nothing
  local name=$1; shift
  echo "collecting $name" >&2
  mkdir -p "$dir/$(dirname "$name")"
  if ! "$@" >"$dir/$name" 2>"$dir/error"; then
    note "$name"
    rm -f "$dir/$name"
  fi
}

# Of a gateway that cannot be shown there is nothing else to be had.
get gateway.json az network application-gateway show -g "$group" -n "$gateway" ${sub[@]+"${sub[@]}"} -o json
[ -f "$dir/gateway.json" ] || { echo "az network application-gateway show -g $group -n $gateway failed, and nothing was collected:" >&2; cat "$dir/error" >&2; exit 3; }
get health.json az network application-gateway show-backend-health -g "$group" -n "$gateway" ${sub[@]+"${sub[@]}"} -o json
id=$(az network application-gateway show -g "$group" -n "$gateway" ${sub[@]+"${sub[@]}"} --query id -o tsv)
tier=$(az network application-gateway show -g "$group" -n "$gateway" ${sub[@]+"${sub[@]}"} --query sku.tier -o tsv)

metrics() { # metrics NAME FILTER METRIC…
  local name=$1 filter=$2; shift 2
  local where=(); [ -z "$filter" ] || where=(--filter "$filter")
  get "metrics/$name.json" az monitor metrics list --resource "$id" --metrics "$@" --interval PT1M --aggregation Average Maximum Total \
    --start-time "$from" --end-time "$to" ${where[@]+"${where[@]}"} -o json
}
case "$tier" in
  *_v2 | Basic)
    metrics capacity "" CapacityUnits ComputeUnits CurrentConnections Throughput NewConnectionsPerSecond
    metrics time "" ApplicationGatewayTotalTime BackendConnectTime BackendFirstByteResponseTime BackendLastByteResponseTime ClientRtt
    metrics members "BackendServer eq '*'" BackendConnectTime BackendFirstByteResponseTime BackendLastByteResponseTime
    metrics backend-status "HttpStatusGroup eq '*'" BackendResponseStatus ;;
  *)
    metrics capacity "" CpuUtilization Throughput CurrentConnections ;;
esac
metrics status "HttpStatusGroup eq '*'" ResponseStatus
metrics hosts "BackendSettingsPool eq '*'" HealthyHostCount UnhealthyHostCount FailedRequests TotalRequests
get activity.json az monitor activity-log list -g "$group" ${sub[@]+"${sub[@]}"} --start-time "$from" --end-time "$to" --max-events 5000 -o json
get diagnostic-settings.txt az monitor diagnostic-settings list --resource "$id" -o json

# Logs: from the workspace or the storage account that diagnostic settings name, unless they were given.
if [ -z "$workspace" ]; then
  wid=$(az monitor diagnostic-settings list --resource "$id" --query '[].workspaceId | [0]' -o tsv 2>/dev/null)
  [ -z "$wid" ] || workspace=$(az monitor log-analytics workspace show --ids "$wid" --query customerId -o tsv 2>/dev/null)
fi
[ -n "$storage" ] || storage=$(az monitor diagnostic-settings list --resource "$id" --query '[].storageAccountId | [0]' -o tsv 2>/dev/null)
storage=${storage##*/}

# An answer holds 500000 rows and 64 MB at most; what is beyond is left out without a word. So rows are counted first, and a
# part of the window of which fewer come is asked for again in halves.
kql() { az monitor log-analytics query -w "$workspace" --analytics-query "$1" "${@:2}"; }
moment() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$1" +%Y-%m-%dT%H:%M:%SZ; } # GNU or BSD
query() { # query NAME SOURCE START END: rows from START until before END, in seconds
  local name=$1 source=$2 first=$3 last=$4 file="logs/$1-$3.json" rows want have half
  rows="$source and TimeGenerated >= datetime($(moment "$first")) and TimeGenerated < datetime($(moment "$last"))"
  want=$(kql "$rows | count" --query '[0].Count' -o tsv 2>/dev/null)
  case "$want" in 0) return ;; *[!0-9]*) want= ;; esac
  get "$file" kql "$rows" -o json
  [ -n "$want" ] || return # they could not be counted
  have=$(grep -o '"TableName"' "$dir/$file" 2>/dev/null | wc -l)
  [ "$have" -lt "$want" ] || return
  if [ ! -f "$dir/$file" ] && [ "$want" -lt 10000 ]; then return; fi # so few fail for another reason, which get has noted
  half=$(((last - first) / 2))
  if [ "$half" -lt 1 ]; then
    echo "$file: truncated: $((have)) of $want rows of that second came" >>"$dir/not-collected.txt"
    return
  fi
  echo "$name: $((have)) of $want rows came, asking again in halves" >&2
  rm -f "$dir/$file"
  query "$name" "$source" "$first" $((first + half))
  query "$name" "$source" $((first + half)) "$last"
}
if [ -n "$workspace" ]; then
  for log in Access Performance Firewall; do
    query "AGW${log}Logs" "AGW${log}Logs | where _ResourceId =~ '$id'" {{.Start}} {{.End}}
    query "AzureDiagnostics-$log" "AzureDiagnostics | where ResourceId =~ '$id' and Category == 'ApplicationGateway${log}Log'" {{.Start}} {{.End}}
  done
fi
if [ -n "$storage" ]; then
  path="resourceId=$(echo "$id" | tr '[:lower:]' '[:upper:]')"
  start={{.Start}} end={{.End}}
  for log in access performance firewall; do
    hours=0 none=0
    for ((t = start - start % 3600; t <= end; t += 3600)); do
      form=+y=%Y/m=%m/d=%d/h=%H/m=00/PT1H.json
      hour=$(date -u -d "@$t" "$form" 2>/dev/null || date -u -r "$t" "$form") # GNU or BSD
      hours=$((hours + 1))
      mkdir -p "$dir/logs/$log/$(dirname "$hour")"
      az storage blob download --auth-mode login --account-name "$storage" --container-name "insights-logs-applicationgateway${log}log" \
        --name "$path/$hour" --file "$dir/logs/$log/$hour" --no-progress -o none 2>"$dir/error" && continue
      rm -f "$dir/logs/$log/$hour"
      if grep -q 'BlobNotFound\|does not exist' "$dir/error"; then none=$((none + 1)); else note "logs/$log/$hour"; fi
    done
    [ "$none" -eq 0 ] || echo "logs/$log: the storage account has nothing of $none of $hours hours" >>"$dir/not-collected.txt"
  done
fi
{{if .Own}}# No cloud of Azure's. A Causeway keeps its access log itself, and no command of az gets it.
[ -n "$(find "$dir/logs" -name '*.json' 2>/dev/null | head -n 1)" ] || echo "access log: if $cloud is a Causeway, az cannot get its access log; this gets it, and all else: causeway collect --api $(az cloud show --query endpoints.resourceManager -o tsv) --client-id ID -g $group -n $gateway" >>"$dir/not-collected.txt"
{{else}}[ -n "$workspace$storage" ] || echo "access log: no diagnostic setting sends it anywhere; make one: az monitor diagnostic-settings create --resource $id --name causeway --logs '[{\"category\":\"ApplicationGatewayAccessLog\",\"enabled\":true}]' --storage-account ACCOUNT" >>"$dir/not-collected.txt"
{{end}}
rm -f "$dir/error"; find "$dir" -type d -empty -delete
tar -czf "$bundle" -C "$dir" . || exit 3
echo "$bundle is ready: causeway diagnose $bundle" >&2
[ ! -f "$dir/not-collected.txt" ] || { echo "not collected:" >&2; cat "$dir/not-collected.txt" >&2; }
