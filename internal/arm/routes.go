package arm

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"causeway/internal/access"
)

// route is one operation of the API.
type route struct {
	method  string
	path    pattern
	needs   access.Role
	open    bool   // answers without a token
	summary string // what it does, as the continuation of "may not"
	handle  func(*request) (response, error)

	unversioned bool // takes no api-version
	large       bool // its body is a file
}

// Paths of the resources.
const (
	subscriptionPath = "/subscriptions/{subscription}"
	groupPath        = subscriptionPath + "/resourceGroups/{group}"
	networkPath      = groupPath + "/providers/Microsoft.Network"
	allNetworkPath   = subscriptionPath + "/providers/Microsoft.Network"
	gatewayPath      = networkPath + "/applicationGateways/{gateway}"
	deploymentsPath  = groupPath + "/providers/" + deploymentType
	deploymentPath   = deploymentsPath + "/{deployment}"
)

// routes are all operations, by subject.
func routes() []route {
	var t table
	t.discovery()
	t.subscriptions()
	t.groups()
	t.gateways()
	t.monitor()
	t.logs()
	t.reports()
	t.settings()
	t.validation()
	t.revisions()
	t.choices()
	t.neighbours()
	t.deployments()
	t.extensions()
	t.tags()
	return t
}

type table []route

// free adds an operation that needs no token.
func (t *table) free(method, path, summary string, handle func(*request) (response, error)) {
	*t = append(*t, route{method: method, path: parsePattern(path), open: true, summary: summary, handle: handle})
}

func (t *table) add(method, path string, needs access.Role, summary string, handle func(*request) (response, error)) {
	*t = append(*t, route{method: method, path: parsePattern(path), needs: needs, summary: summary, handle: handle})
}

func (t *table) read(path, summary string, handle func(*request) (response, error)) {
	t.add(http.MethodGet, path, access.Reader, summary, handle)
}

func (t *table) discovery() {
	t.free(http.MethodGet, "/openapi.json", "describe this API", func(*request) (response, error) { return ok(OpenAPI("")) })
	t.free(http.MethodGet, "/metadata/endpoints", "describe the cloud", describeCloud)
	for _, at := range []string{"/{tenant}", "/{tenant}/v2.0", "/{tenant}/{again}", "/{tenant}/{again}/v2.0"} {
		t.free(http.MethodGet, at+"/.well-known/openid-configuration", "describe the sign-in", describeSignIn)
	}
	for _, at := range []string{"/{tenant}/oauth2/token", "/{tenant}/oauth2/v2.0/token", "/{tenant}/{again}/oauth2/v2.0/token"} {
		t.free(http.MethodPost, at, "issue a token", signIn)
	}
	t.free(http.MethodGet, "/msi/token", "issue a token to a managed identity", identityToken)
	t.free(http.MethodPost, "/msi/token", "issue a token to a managed identity", identityToken)
}

func (t *table) subscriptions() {
	t.read("/tenants", "list the tenants", listTenants)
	t.read("/subscriptions", "list the subscriptions", listSubscriptions)
	t.read(subscriptionPath, "read a subscription", readSubscription)
	t.read(subscriptionPath+"/locations", "list the locations", listLocations)
	t.read(subscriptionPath+"/providers", "list the resource providers", listProviders)
	t.read(subscriptionPath+"/providers/{provider}", "read a resource provider", readProvider)
	t.add(http.MethodPost, subscriptionPath+"/providers/{provider}/register", access.Reader, "register a resource provider", readProvider)
}

func (t *table) groups() {
	t.read(subscriptionPath+"/resourceGroups", "list the resource groups", listGroups)
	t.read(groupPath, "read a resource group", readGroup)
	t.add(http.MethodPut, groupPath, access.Operator, "create or change a resource group", putGroup)
	t.add(http.MethodDelete, groupPath, access.Owner, "delete a resource group", deleteGroup)
	t.read(subscriptionPath+"/resources", "list the resources", listResources)
	t.read(groupPath+"/resources", "list the resources of a group", listResources)
}

func (t *table) gateways() {
	t.read(allNetworkPath+"/applicationGateways", "list the gateways", listGateways)
	t.read(networkPath+"/applicationGateways", "list the gateways of a group", listGateways)
	t.read(gatewayPath, "read the gateway", readGateway)
	t.add(http.MethodPut, gatewayPath, access.Operator, "create or change the gateway", putGateway)
	t.add(http.MethodPatch, gatewayPath, access.Operator, "change the tags of the gateway", patchGateway)
	t.add(http.MethodDelete, gatewayPath, access.Owner, "delete the gateway", deleteGateway)
	t.add(http.MethodPost, gatewayPath+"/start", access.Operator, "start the gateway", startGateway)
	t.add(http.MethodPost, gatewayPath+"/stop", access.Operator, "stop the gateway", stopGateway)
	t.add(http.MethodPost, gatewayPath+"/backendhealth", access.Reader, "read the backend health", readHealth)
	t.add(http.MethodPost, gatewayPath+"/getBackendHealthOnDemand", access.Operator, "probe a pool once", readOnDemand)
	t.read(allNetworkPath+"/locations/{location}/operations/{operation}", "read how an operation goes", readOperation)
	t.read(allNetworkPath+"/locations/{location}/operationResults/{operation}", "read the result of an operation", readOperationResult)
}

func (t *table) monitor() {
	t.read(subscriptionPath+"/providers/Microsoft.Insights/eventtypes/management/values", "read the activity log", readActivity)
	t.read(gatewayPath+"/providers/Microsoft.Insights/metrics", "read the metrics", readMetrics)
	t.read(gatewayPath+"/providers/Microsoft.Insights/metricDefinitions", "list the metrics", listMetrics)
	t.read(gatewayPath+"/providers/Microsoft.Insights/metricNamespaces", "list the namespaces of metrics", listMetricNamespaces)
}

func (t *table) choices() {
	for _, name := range slices.Sorted(maps.Keys(choices)) {
		t.read(allNetworkPath+"/"+name, "list "+name, func(*request) (response, error) { return ok(choices[name]) })
	}
	const options = allNetworkPath + "/applicationGatewayAvailableSslOptions/default"
	t.read(options, "list the TLS options", listTLSOptions)
	t.read(options+"/predefinedPolicies", "list the predefined TLS policies", listTLSPolicies)
	t.read(options+"/predefinedPolicies/{policy}", "read a predefined TLS policy", readTLSPolicy)
	none := func(*request) (response, error) { return ok(list{[]any{}}) } // the firewall is not served
	t.read(allNetworkPath+"/applicationGatewayAvailableWafRuleSets", "list the rule sets of the firewall", none)
}

func (t *table) neighbours() {
	for _, n := range neighbours {
		if n.within == "" {
			t.read(allNetworkPath+"/"+n.collection, "list "+n.collection, n.list)
			t.read(networkPath+"/"+n.collection, "list "+n.collection+" of a group", n.list)
		} else {
			t.read(strings.TrimSuffix(n.path(), "/{name}"), "list "+n.collection+" of one of "+n.within, n.list)
		}
		t.read(n.path(), "read a resource of "+n.collection, n.get)
		t.add(http.MethodPut, n.path(), access.Operator, "create or change a resource of "+n.collection, n.put)
		if n.tags {
			t.add(http.MethodPatch, n.path(), access.Operator, "change the tags of a resource of "+n.collection, n.patchTags)
		}
		t.add(http.MethodDelete, n.path(), access.Owner, "delete a resource of "+n.collection, n.delete)
	}
}

func (t *table) deployments() {
	t.read(deploymentsPath, "list the template deployments of a group", listDeployments)
	t.read(deploymentPath, "read how a template was deployed", readDeployment)
	t.add(http.MethodPut, deploymentPath, access.Operator, "deploy a template", putDeployment)
	t.add(http.MethodDelete, deploymentPath, access.Owner, "delete the item of a deployment", deleteDeployment)
	t.add(http.MethodPost, deploymentPath+"/validate", access.Operator, "check a template", validateDeployment)
	t.add(http.MethodPost, deploymentPath+"/whatIf", access.Operator, "tell what a template would change", whatIfDeployment)
	t.add(http.MethodPost, deploymentPath+"/cancel", access.Operator, "cancel a deployment", cancelDeployment)
	t.add(http.MethodPost, deploymentPath+"/exportTemplate", access.Reader, "export the template of a deployment", exportDeployment)
	for _, at := range []string{deploymentPath, groupPath + "/deployments/{deployment}"} { // az asks under the second one
		t.read(at+"/operations", "list what a deployment did with each resource", listDeploymentOperations)
		t.read(at+"/operations/{operation}", "read what a deployment did with a resource", readDeploymentOperation)
	}
	t.read(groupPath+"/exportTemplate", "export a group as a template", exportGroup)
	t.add(http.MethodPost, groupPath+"/exportTemplate", access.Reader, "export a group as a template", exportGroup)
}
