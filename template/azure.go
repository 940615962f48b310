package template

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

// What a deployment would be told by Azure. The names are as good as any: nothing that a gateway does depends on them.
const (
	zeroID    = "00000000-0000-0000-0000-000000000000"
	groupName = "resource-group"
)

func resourceGroup() *object {
	return newObject("id", "/subscriptions/"+zeroID+"/resourceGroups/"+groupName, "name", groupName,
		"type", "Microsoft.Resources/resourceGroups", "location", "unknown", "tags", &object{},
		"properties", newObject("provisioningState", "Succeeded"))
}

func subscription() *object {
	return newObject("id", "/subscriptions/"+zeroID, "subscriptionId", zeroID, "tenantId", zeroID, "displayName", "subscription")
}

func deployment() *object {
	return newObject("name", "deployment", "properties", newObject("mode", "Incremental", "provisioningState", "Accepted"))
}

// environment is the public cloud of Azure.
func environment() *object {
	return newObject("name", "AzureCloud", "resourceManager", "https://management.azure.com/", "portal", "https://portal.azure.com",
		"authentication", newObject("loginEndpoint", "https://login.microsoftonline.com/", "tenant", "common"),
		"suffixes", newObject("keyvaultDns", ".vault.azure.net", "storage", "core.windows.net", "sqlServerHostname", ".database.windows.net"))
}

// resourceID is resourceId([subscription], [group], type, name, …): the type is the first argument with a slash.
func resourceID(e env, args []any) (any, error) {
	subscriptionID, group := zeroID, groupName
	before := args
	for i, a := range args {
		if strings.Contains(plain(a), "/") {
			before, args = args[:i], args[i:]
			break
		}
	}
	switch len(before) {
	case 0:
	case 1:
		group = plain(before[0])
	case 2:
		subscriptionID, group = plain(before[0]), plain(before[1])
	default:
		return nil, wrong("write resourceId('Microsoft.Network/applicationGateways', NAME)", "resourceId() has no resource type")
	}
	return e.id("/subscriptions/"+subscriptionID+"/resourceGroups/"+group, args)
}

func subscriptionResourceID(e env, args []any) (any, error) {
	id := zeroID
	if !strings.Contains(plain(args[0]), "/") {
		id, args = plain(args[0]), args[1:]
	}
	return e.id("/subscriptions/"+id, args)
}

func tenantResourceID(e env, args []any) (any, error) { return e.id("", args) }

func extensionResourceID(e env, args []any) (any, error) { return e.id(plain(args[0]), args[1:]) }

// id puts the names of args behind the types that its first element lists.
func (e env) id(scope string, args []any) (any, error) {
	provider, types, _ := strings.Cut(plain(args[0]), "/")
	kinds := strings.Split(strings.Trim(types, "/"), "/")
	if types == "" || len(kinds) != len(args)-1 {
		return nil, wrong("give one name for each part of the type behind the provider",
			"the type %s has %d parts and there are %d names", quoted(plain(args[0])), len(kinds), len(args)-1)
	}
	id := scope + "/providers/" + provider
	for i, kind := range kinds {
		id += "/" + kind + "/" + plain(args[i+1])
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
	data, err := render(args)
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
