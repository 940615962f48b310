package arm

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/azquery"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"

	"causeway/internal/activity"
)

// client is a client of the SDK, made by one of its constructors.
func client[C any](s *sdk, make func(azcore.TokenCredential, *azarm.ClientOptions) (*C, error)) *C {
	s.t.Helper()
	c, err := make(s.cred, s.options)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// scope is the id of the gateway that the SDK's tests create, as Azure's examples pass it: without the slash.
const scope = "subscriptions/" + subscriptionID + "/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw1"

// withGateway creates the gateway.
func (s *sdk) withGateway() *sdk {
	s.t.Helper()
	created, err := s.gateways().BeginCreateOrUpdate(s.t.Context(), "rg", "gw1", simple(8080), nil)
	end(s.t, created, err)
	return s
}

func TestTheSDKForGoReadsMetrics(t *testing.T) {
	s := newSDK(t).withGateway()
	newPast(s.world)
	c := client(s, func(cred azcore.TokenCredential, o *azarm.ClientOptions) (*armmonitor.MetricsClient, error) {
		return armmonitor.NewMetricsClient(subscriptionID, cred, o)
	})
	got, err := c.List(t.Context(), scope, &armmonitor.MetricsClientListOptions{
		Metricnames:     to.Ptr("ResponseStatus"),
		Metricnamespace: to.Ptr("microsoft.network/applicationgateways"),
		Aggregation:     to.Ptr("total,Count"),
		Interval:        to.Ptr("PT1M"),
		Timespan:        to.Ptr("2026-11-30T09:00:00Z/2026-11-30T09:03:00Z"),
		Filter:          to.Ptr("HttpStatusGroup eq '*'"),
		Top:             to.Ptr[int32](5),
		ResultType:      to.Ptr(armmonitor.ResultTypeData),
		Orderby:         to.Ptr("sum desc"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if *got.Interval != "PT1M" || *got.Namespace != gatewayType || *got.Resourceregion != "westeurope" || len(got.Value) != 1 {
		t.Errorf("%+v", got.Response)
	}
	m := got.Value[0]
	if *m.Name.Value != "ResponseStatus" || *m.Unit != armmonitor.MetricUnitCount || *m.ErrorCode != "Success" || len(m.Timeseries) != 2 {
		t.Fatalf("%+v", m)
	}
	for i, want := range []struct {
		group  string
		totals []float64
	}{{"2xx", []float64{15, 0, 30}}, {"5xx", []float64{0, 2, 0}}} {
		series := m.Timeseries[i]
		if *series.Metadatavalues[0].Value != want.group || len(series.Data) != len(want.totals) {
			t.Fatalf("series %d: %+v", i, series)
		}
		for j, point := range series.Data {
			if at := time.Date(2026, 11, 30, 9, j, 0, 0, time.UTC); !point.TimeStamp.Equal(at) {
				t.Errorf("%v, not %v", point.TimeStamp, at)
			}
			if want := want.totals[j]; want > 0 && (point.Total == nil || *point.Total != want || point.Average != nil || point.Count == nil) {
				t.Errorf("%s, minute %d: %+v", *series.Metadatavalues[0].Value, j, point)
			}
		}
	}
	var azure *azcore.ResponseError
	_, err = c.List(t.Context(), scope, &armmonitor.MetricsClientListOptions{Metricnames: to.Ptr("Temperature")})
	if !errors.As(err, &azure) || azure.StatusCode != 400 || azure.ErrorCode != "BadRequest" {
		t.Errorf("%v", err)
	}
}

func TestTheSDKForGoListsMetrics(t *testing.T) {
	s := newSDK(t).withGateway()
	definitions := pages(t, client(s, func(cred azcore.TokenCredential, o *azarm.ClientOptions) (*armmonitor.MetricDefinitionsClient, error) {
		return armmonitor.NewMetricDefinitionsClient(subscriptionID, cred, o)
	}).NewListPager(scope, nil), func(p armmonitor.MetricDefinitionsClientListResponse) []*armmonitor.MetricDefinition { return p.Value })
	if len(definitions) != len(metrics()) {
		t.Fatalf("%d definitions", len(definitions))
	}
	for _, d := range definitions {
		units, primary := armmonitor.PossibleMetricUnitValues(), armmonitor.PossibleAggregationTypeValues()
		if !slices.Contains(units, *d.Unit) || !slices.Contains(primary, *d.PrimaryAggregationType) || len(d.MetricAvailabilities) == 0 ||
			!strings.HasSuffix(*d.ID, *d.Name.Value) {
			t.Errorf("%+v", d)
		}
	}
	namespaces := pages(t, client(s, func(cred azcore.TokenCredential, o *azarm.ClientOptions) (*armmonitor.MetricNamespacesClient, error) {
		return armmonitor.NewMetricNamespacesClient(cred, o)
	}).NewListPager(scope, nil), func(p armmonitor.MetricNamespacesClientListResponse) []*armmonitor.MetricNamespace { return p.Value })
	if len(namespaces) != 1 || *namespaces[0].Properties.MetricNamespaceName != gatewayType ||
		*namespaces[0].Classification != armmonitor.NamespaceClassificationPlatform {
		t.Errorf("%+v", namespaces)
	}
}

func TestTheSDKForGoReadsTheActivityLog(t *testing.T) {
	s := newSDK(t).withGateway()
	at := time.Now().Add(-time.Hour)
	for i := range eventsMax + 5 {
		s.gateway.events = append(s.gateway.events, activity.Event{
			At: at.Add(time.Duration(i) * time.Second), Kind: activity.Start, Resource: "/" + scope, Caller: "uid 0", Why: "a test",
		})
	}
	filter := "eventTimestamp ge '" + at.Add(-time.Minute).UTC().Format(time.RFC3339) + "' and resourceGroupName eq 'rg'"
	events := pages(t, client(s, func(cred azcore.TokenCredential, o *azarm.ClientOptions) (*armmonitor.ActivityLogsClient, error) {
		return armmonitor.NewActivityLogsClient(subscriptionID, cred, o)
	}).NewListPager(filter, nil), func(p armmonitor.ActivityLogsClientListResponse) []*armmonitor.EventData { return p.Value })
	if len(events) != eventsMax+5 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	if *e.Caller != "uid 0" || !e.EventTimestamp.Equal(s.gateway.events[len(s.gateway.events)-1].At) || *e.ResourceGroupName != "rg" ||
		*e.SubscriptionID != subscriptionID || !slices.Contains(armmonitor.PossibleEventLevelValues(), *e.Level) || *e.OperationName.Value == "" {
		text, _ := json.Marshal(e)
		t.Errorf("%s", text)
	}
}

func TestTheSDKForGoSetsDiagnosticSettings(t *testing.T) {
	s := newSDK(t).withGateway()
	c := client(s, armmonitor.NewDiagnosticSettingsClient)
	const workspace = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/w"
	setting := armmonitor.DiagnosticSettingsResource{Properties: &armmonitor.DiagnosticSettings{
		WorkspaceID: to.Ptr(workspace),
		Logs:        []*armmonitor.LogSettings{{Category: to.Ptr("ApplicationGatewayAccessLog"), Enabled: to.Ptr(true)}},
		Metrics:     []*armmonitor.MetricSettings{{Category: to.Ptr("AllMetrics"), Enabled: to.Ptr(true)}},
	}}
	made, err := c.CreateOrUpdate(t.Context(), scope, "logs", setting, nil)
	if err != nil || *made.Name != "logs" || *made.Properties.Logs[0].Category != "ApplicationGatewayAccessLog" {
		t.Fatalf("%v %+v", err, made)
	}
	if got, err := c.Get(t.Context(), scope, "logs", nil); err != nil || *got.Properties.WorkspaceID != workspace || *got.ID == "" {
		t.Errorf("%v %+v", err, got)
	}
	all := pages(t, c.NewListPager(scope, nil),
		func(p armmonitor.DiagnosticSettingsClientListResponse) []*armmonitor.DiagnosticSettingsResource {
			return p.Value
		})
	if len(all) != 1 {
		t.Errorf("%d settings", len(all))
	}
	categories := client(s, armmonitor.NewDiagnosticSettingsCategoryClient)
	kinds := pages(t, categories.NewListPager(scope, nil),
		func(p armmonitor.DiagnosticSettingsCategoryClientListResponse) []*armmonitor.DiagnosticSettingsCategoryResource {
			return p.Value
		})
	if len(kinds) != 4 {
		t.Errorf("%d categories", len(kinds))
	}
	one, err := categories.Get(t.Context(), scope, "applicationgatewayaccesslog", nil)
	if err != nil || *one.Properties.CategoryType != armmonitor.CategoryTypeLogs {
		t.Errorf("%v %+v", err, one)
	}
	var azure *azcore.ResponseError
	if _, err := categories.Get(t.Context(), scope, "Other", nil); !errors.As(err, &azure) || azure.StatusCode != 404 {
		t.Errorf("%v", err)
	}
	for range 2 { // the second finds nothing, which is no error
		if _, err := c.Delete(t.Context(), scope, "logs", nil); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.Get(t.Context(), scope, "logs", nil); !errors.As(err, &azure) || azure.StatusCode != 404 {
		t.Errorf("%v", err)
	}
}

func TestTheSDKForGoKeepsFirewallPolicies(t *testing.T) {
	s := newSDK(t).withGateway() // in the group
	c := client(s, func(cred azcore.TokenCredential, o *azarm.ClientOptions) (*armnetwork.WebApplicationFirewallPoliciesClient, error) {
		return armnetwork.NewWebApplicationFirewallPoliciesClient(subscriptionID, cred, o)
	})
	made, err := c.CreateOrUpdate(t.Context(), "rg", "shield", armnetwork.WebApplicationFirewallPolicy{
		Location: to.Ptr("westeurope"),
		Properties: &armnetwork.WebApplicationFirewallPolicyPropertiesFormat{
			PolicySettings: &armnetwork.PolicySettings{Mode: to.Ptr(armnetwork.WebApplicationFirewallModePrevention)},
			ManagedRules: &armnetwork.ManagedRulesDefinition{
				ManagedRuleSets: []*armnetwork.ManagedRuleSet{{RuleSetType: to.Ptr("OWASP"), RuleSetVersion: to.Ptr("3.2")}},
			},
			CustomRules: []*armnetwork.WebApplicationFirewallCustomRule{{
				Name: to.Ptr("office"), Priority: to.Ptr[int32](1), RuleType: to.Ptr(armnetwork.WebApplicationFirewallRuleTypeMatchRule),
				Action: to.Ptr(armnetwork.WebApplicationFirewallActionAllow),
				MatchConditions: []*armnetwork.MatchCondition{{
					Operator: to.Ptr(armnetwork.WebApplicationFirewallOperatorIPMatch), MatchValues: []*string{to.Ptr("192.0.2.0/24")},
					MatchVariables: []*armnetwork.MatchVariable{{VariableName: to.Ptr(armnetwork.WebApplicationFirewallMatchVariableRemoteAddr)}},
				}},
			}},
		},
	}, nil)
	if err != nil || *made.Etag == "" || *made.Properties.ProvisioningState != armnetwork.ProvisioningStateSucceeded {
		t.Fatalf("%v %+v", err, made)
	}
	got, err := c.Get(t.Context(), "rg", "shield", nil)
	if err != nil || *got.Properties.CustomRules[0].MatchConditions[0].MatchValues[0] != "192.0.2.0/24" || *got.Etag != *made.Etag {
		t.Errorf("%v %+v", err, got)
	}
	all := pages(t, c.NewListAllPager(nil),
		func(p armnetwork.WebApplicationFirewallPoliciesClientListAllResponse) []*armnetwork.WebApplicationFirewallPolicy {
			return p.Value
		})
	if len(all) != 1 {
		t.Errorf("%d policies", len(all))
	}
	deleted, err := c.BeginDelete(t.Context(), "rg", "shield", nil)
	end(t, deleted, err)
}

func TestTheSDKForGoQueriesTheLog(t *testing.T) {
	s := newSDK(t)
	s.logged(10)
	options := &azquery.LogsClientOptions{ClientOptions: s.options.ClientOptions}
	options.Cloud.Services = maps.Clone(options.Cloud.Services)
	options.Cloud.Services[azquery.ServiceNameLogs] = cloud.ServiceConfiguration{Endpoint: s.base + "/v1", Audience: s.base}
	c, err := azquery.NewLogsClient(s.cred, options)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.QueryWorkspace(t.Context(), "7cce4bf7-bc2f-4935-b4fc-d532b418bedb", azquery.Body{
		Query:    to.Ptr("AGWAccessLogs | order by TimeGenerated asc"),
		Timespan: to.Ptr(azquery.NewTimeInterval(noon, noon.Add(3*time.Second))),
	}, nil)
	if err != nil || got.Error != nil || len(got.Tables) != 1 || len(got.Tables[0].Rows) != 3 {
		t.Fatalf("%v %+v", err, got)
	}
	for i, column := range got.Tables[0].Columns {
		if !slices.Contains(azquery.PossibleLogsColumnTypeValues(), *column.Type) {
			t.Errorf("%s has the type %s", *column.Name, *column.Type)
		}
		if *column.Name == "HttpStatus" && got.Tables[0].Rows[2][i] != 202.0 {
			t.Errorf("%v", got.Tables[0].Rows)
		}
	}
	var azure *azcore.ResponseError
	_, err = c.QueryWorkspace(t.Context(), "x", azquery.Body{Query: to.Ptr("AGWAccessLogs | summarize count()")}, nil)
	if !errors.As(err, &azure) || azure.StatusCode != 400 || azure.ErrorCode != "BadArgumentError" {
		t.Errorf("%v", err)
	}
}
