package template

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"

	"causeway/internal/template/expr"
)

// What Azure would tell a deployment. The names are arbitrary: nothing that a gateway does depends on them.
const (
	zeroID    = "00000000-0000-0000-0000-000000000000"
	groupName = "resource-group"
)

// azureFunctions tell about the deployment and make ids:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource,
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-deployment.
var azureFunctions = map[string]function{
	"resourceid":                {2, -1, true, ids(resourceID)},
	"subscriptionresourceid":    {2, -1, true, ids(subscriptionResourceID)},
	"tenantresourceid":          {2, -1, true, ids(tenantResourceID)},
	"managementgroupresourceid": {2, -1, true, ids(managementGroupResourceID)},
	"extensionresourceid":       {3, -1, true, ids(extensionResourceID)},
	"uniquestring":              {1, -1, true, ids(uniqueString)},
	"guid":                      {1, -1, true, ids(guid)},
	"resourcegroup":             {0, 0, false, func(e env, _ []any) (any, error) { return e.resourceGroup() }},
	"subscription":              {0, 0, false, func(e env, _ []any) (any, error) { return e.subscription() }},
	"managementgroup":           {0, 0, false, func(env, []any) (any, error) { return managementGroup(), nil }},
	"tenant":                    {0, 0, false, func(e env, _ []any) (any, error) { return tenant(e.tenantID()), nil }},
	"deployment":                {0, 0, false, func(e env, _ []any) (any, error) { return e.deployment() }},
	"deployer":                  {0, 0, false, func(env, []any) (any, error) { return deployer(), nil }},
	"environment":               {0, 0, false, func(env, []any) (any, error) { return environment(), nil }},
	"pickzones":                 {3, 5, false, pickZones},
	"tologicalzone":             {3, 3, false, func(e env, _ []any) (any, error) { return e.deployed("toLogicalZone()"), nil }},
	"tophysicalzone":            {3, 3, false, func(e env, _ []any) (any, error) { return e.deployed("toPhysicalZone()"), nil }},
	"tologicalzones":            {3, 3, false, func(e env, _ []any) (any, error) { return e.deployed("toLogicalZones()"), nil }},
	"tophysicalzones":           {3, 3, false, func(e env, _ []any) (any, error) { return e.deployed("toPhysicalZones()"), nil }},
}

func managementGroup() *expr.Object {
	const name = "management-group"
	return expr.NewObject("id", "/providers/Microsoft.Management/managementGroups/"+name, "name", name,
		"type", "Microsoft.Management/managementGroups", "properties", expr.NewObject("tenantId", zeroID, "displayName", name))
}

func tenant(id string) *expr.Object {
	return expr.NewObject("id", "/tenants/"+id, "tenantId", id, "displayName", "tenant", "countryCode", "US")
}

func deployer() *expr.Object {
	return expr.NewObject("objectId", zeroID, "tenantId", zeroID, "userPrincipalName", "deployer")
}

// pickZones is pickZones(PROVIDER, TYPE, LOCATION[, COUNT[, OFFSET]]): zones as a region with three has them.
func pickZones(e env, args []any) (any, error) {
	numbers := []int64{1, 0}
	for i, a := range args[3:] {
		n, ok := expr.AsInteger(a)
		if !ok || n < 0 || n > 3 {
			return nil, expr.Wrong("give a number from 0 to 3", "pickZones() takes no %s", expr.Quote(expr.TextOf(a)))
		}
		numbers[i] = n
	}
	out := []any{}
	for zone := numbers[1] + 1; zone <= min(numbers[0]+numbers[1], 3); zone++ {
		out = append(out, expr.TextOf(expr.Number(zone)))
	}
	e.report(false, e.path, "TemplateValueUnknown", "write the zones in its place if they matter",
		"which zones pickZones() gives is known only once the template is deployed; %d of a region with three stand for them", len(out))
	return out, nil
}

// environment is the public cloud of Azure.
func environment() *expr.Object {
	return expr.NewObject("name", "AzureCloud", "resourceManager", "https://management.azure.com/", "portal", "https://portal.azure.com",
		"authentication", expr.NewObject("loginEndpoint", "https://login.microsoftonline.com/", "tenant", "common"),
		"suffixes", expr.NewObject("keyvaultDns", ".vault.azure.net", "storage", "core.windows.net", "sqlServerHostname",
			".database.windows.net",
			"acrLoginServer", ".azurecr.io", "azureFrontDoorEndpointSuffix", "azurefd.net"))
}

// ids makes the result unknown where an argument is.
func ids(f func(env, []any) (any, error)) func(env, []any) (any, error) {
	return func(e env, args []any) (any, error) {
		v, err := f(e, args)
		s, ok := v.(string)
		if err != nil || !ok {
			return v, err
		}
		return expr.WithParts(s, args), nil
	}
}

// resourceID is resourceId([subscription], [group], type, name, …): the type is the first argument with a slash.
func resourceID(e env, args []any) (any, error) {
	before, args := untilType(args)
	if len(before) == 0 {
		id, err := e.scopeID()
		if err != nil {
			return nil, err
		}
		return e.id(id, args)
	}
	if len(before) > 2 {
		return nil, expr.Wrong("write resourceId('Microsoft.Network/applicationGateways', NAME)", "resourceId() has no resource type")
	}
	subscriptionID, err := e.subscriptionID()
	if err != nil {
		return nil, err
	}
	if len(before) == 2 {
		subscriptionID = expr.TextOf(before[0])
	}
	return e.id("/subscriptions/"+subscriptionID+"/resourceGroups/"+expr.TextOf(before[len(before)-1]), args)
}

// untilType splits the arguments of an id at the type, the first with a slash.
func untilType(args []any) (before, rest []any) {
	for i, a := range args {
		if strings.Contains(expr.TextOf(a), "/") {
			return args[:i], args[i:]
		}
	}
	return nil, args
}

func subscriptionResourceID(e env, args []any) (any, error) {
	id, err := e.subscriptionID()
	if err != nil {
		return nil, err
	}
	if before, rest := untilType(args); len(before) == 1 {
		id, args = expr.TextOf(before[0]), rest
	}
	return e.id("/subscriptions/"+id, args)
}

func managementGroupResourceID(e env, args []any) (any, error) {
	id := "management-group"
	if before, rest := untilType(args); len(before) == 1 {
		id, args = expr.TextOf(before[0]), rest
	}
	return e.id("/providers/Microsoft.Management/managementGroups/"+id, args)
}

func tenantResourceID(e env, args []any) (any, error) { return e.id("", args) }

func extensionResourceID(e env, args []any) (any, error) { return e.id(expr.TextOf(args[0]), args[1:]) }

// id puts the names of args behind the types that its first element lists.
func (e env) id(scope string, args []any) (any, error) {
	provider, types, _ := strings.Cut(expr.TextOf(args[0]), "/")
	kinds := strings.Split(strings.Trim(types, "/"), "/")
	if types == "" || len(kinds) != len(args)-1 {
		return nil, expr.Wrong("give one name for each part of the type behind the provider",
			"the type %s has %d parts and there are %d names", expr.Quote(expr.TextOf(args[0])), len(kinds), len(args)-1)
	}
	id := scope + "/providers/" + provider
	for i, kind := range kinds {
		id += "/" + kind + "/" + expr.TextOf(args[i+1])
		if err := e.made(len(id)); err != nil {
			return nil, err
		}
	}
	return id, nil
}

// hash is the same for the same values, on every machine.
func (e env) hash(function string, args []any) ([]byte, error) {
	e.report(false, e.path, "TemplateHashDiffers", "write the value that Azure made in its place if it matters",
		"Azure does not publish how %s() counts; the value is another one than in Azure, always the same for the same arguments", function)
	data, err := expr.Render(args)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	return sum[:], e.spend(len(data) / 16)
}

func uniqueString(e env, args []any) (any, error) {
	sum, err := e.hash("uniqueString", args)
	if err != nil {
		return nil, err
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum))[:13], nil
}

func guid(e env, args []any) (any, error) {
	sum, err := e.hash("guid", args)
	if err != nil {
		return nil, err
	}
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}
