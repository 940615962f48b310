package arm

import (
	"net/http"

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
	return refuse(http.StatusBadRequest, "BadRequest", "a diagnostic setting needs one of %v", destinations)
}

// listLogCategories lists the kinds of logs and metrics that a diagnostic setting can name.
func listLogCategories(q *request) (response, error) {
	scope, err := q.scopeID()
	if err != nil {
		return response{}, err
	}
	out := []any{}
	for _, c := range [][2]string{
		{"ApplicationGatewayAccessLog", "Logs"},
		{"ApplicationGatewayPerformanceLog", "Logs"},
		{"ApplicationGatewayFirewallLog", "Logs"},
		{"AllMetrics", "Metrics"},
	} {
		const kind = "Microsoft.Insights/diagnosticSettingsCategories"
		out = append(out, map[string]any{
			"id": scope + "/providers/" + kind + "/" + c[0], "name": c[0], "type": kind, "properties": map[string]any{"categoryType": c[1]},
		})
	}
	return response{status: http.StatusOK, body: list{out}}, nil
}
