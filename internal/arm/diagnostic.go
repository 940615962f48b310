package arm

import (
	"net/http"
	"strings"

	"causeway/internal/access"
)

// diagnosticSettings say where Azure sends the logs of a gateway. Causeway keeps them for its clients and sends nothing: its logs
// are files, which causeway.yaml names.
var diagnosticSettings = extension{
	kind:       "Microsoft.Insights/diagnosticSettings",
	collection: "diagnosticSettings",
	scopes:     []string{gatewayPath},
	changes:    access.Operator,
	created:    http.StatusOK, // clients take no other
	check:      checkDiagnosticSetting,
}

// destinations are the properties that name where logs go.
var destinations = []string{"workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId"}

func checkDiagnosticSetting(properties map[string]any) error {
	for _, key := range destinations {
		if v, _ := properties[key].(string); v != "" {
			return nil
		}
	}
	return refuse(http.StatusBadRequest, "BadRequest", "a diagnostic setting needs one of %s", strings.Join(destinations, ", "))
}

const logCategory = "Microsoft.Insights/diagnosticSettingsCategories"

// logCategories are the kinds of logs and metrics that a diagnostic setting can name, with their types.
var logCategories = [][2]string{
	{"ApplicationGatewayAccessLog", "Logs"},
	{"ApplicationGatewayPerformanceLog", "Logs"},
	{"ApplicationGatewayFirewallLog", "Logs"},
	{"AllMetrics", "Metrics"},
}

func describeLogCategory(scope string, c [2]string) map[string]any {
	return map[string]any{
		"id": scope + "/providers/" + logCategory + "/" + c[0], "name": c[0], "type": logCategory,
		"properties": map[string]any{"categoryType": c[1]},
	}
}

func listLogCategories(q *request) (response, error) {
	scope, err := q.scopeID()
	if err != nil {
		return response{}, err
	}
	out := []any{}
	for _, c := range logCategories {
		out = append(out, describeLogCategory(scope, c))
	}
	return ok(list{out})
}

func readLogCategory(q *request) (response, error) {
	scope, err := q.scopeID()
	if err != nil {
		return response{}, err
	}
	for _, c := range logCategories {
		if strings.EqualFold(c[0], q.vars["name"]) {
			return ok(describeLogCategory(scope, c))
		}
	}
	return response{}, refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s/%s' was not found.", logCategory, q.vars["name"])
}
