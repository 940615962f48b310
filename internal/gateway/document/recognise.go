package document

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

const exportHint = "export the gateway with: az network application-gateway show -g GROUP -n NAME > gateway.json"

var yamlLine = regexp.MustCompile(`^(---|[$A-Za-z_][\w.-]*:(\s|$)|- )`)

// recogniseText refuses input that is neither JSON nor YAML by what it looks like, which says more than a syntax error. It reports YAML.
func recogniseText(data []byte) (isYAML bool, _ error) {
	start := bytes.TrimSpace(data)
	first, _, _ := bytes.Cut(start, []byte("\n"))
	switch {
	case len(start) == 0:
		return false, unlike("the document is empty", exportHint)
	case start[0] == '{' || start[0] == '[' || start[0] == '"':
		return false, nil
	case start[0] == '<':
		return false, unlike("this looks like HTML or XML, perhaps a sign-in or error page", exportHint)
	case bytes.HasPrefix(start, []byte("PK\x03\x04")) || bytes.HasPrefix(start, []byte("\x1f\x8b")):
		return false, unlike("this is a compressed archive", "unpack it and give the JSON file inside")
	case bytes.Contains(start, []byte(`resource "azurerm_`)):
		return false, unlike("this looks like Terraform configuration",
			"export the gateway that it made: az network application-gateway show -g GROUP -n NAME > gateway.json")
	case bytes.HasPrefix(start, []byte("resource ")) || bytes.HasPrefix(start, []byte("param ")) ||
		bytes.HasPrefix(start, []byte("targetScope")):
		return false, unlike("this looks like Bicep",
			"export the gateway that it made: az network application-gateway show -g GROUP -n NAME > gateway.json")
	case bytes.HasPrefix(start, []byte("//")) || bytes.HasPrefix(start, []byte("/*")): // a comment before the JSON
		return false, nil
	case yamlLine.Match(first) || start[0] == '#' || start[0] == '%':
		return true, nil
	}
	return false, nil // the JSON reader says where it stops being JSON
}

// recogniseValue returns the gateway object, or says what else the JSON is.
func recogniseValue(v any) (*schema.Object, error) {
	root, ok := v.(*schema.Object)
	if !ok {
		return onlyOfList(v, ".[0]")
	}
	keys := foldedKeys(root)
	switch {
	case strings.Contains(strings.ToLower(textOf(keys["$schema"])), "deploymentparameters"):
		return nil, unlike("these are the parameters of a template, not a gateway", "give the template, and this file with --parameters")
	case isLocalFile(keys):
		return nil, unlike("this is causeway.yaml, not a gateway", "give the gateway document, and this file with --local")
	case keys["error"] != nil:
		o, _ := keys["error"].(*schema.Object)
		inner := foldedKeys(o)
		return nil, unlike(fmt.Sprintf("this is an error answer of Azure: %s: %s", textOf(inner["code"]), textOf(inner["message"])),
			exportHint)
	case isListAnswer(keys):
		return onlyOfList(keys["value"], ".value[0]")
	case keys["type"] != nil && !strings.EqualFold(textOf(keys["type"]), "Microsoft.Network/applicationGateways"):
		return nil, unlike(fmt.Sprintf("this is a resource of type %s, not an application gateway", schema.Quote(textOf(keys["type"]))),
			exportHint)
	case isHealth(keys):
		return nil, unlike("this is a backend-health answer, not a gateway", exportHint)
	case !hasGatewayKey(root):
		return nil, unlike("this JSON object has no property of an application gateway", exportHint)
	}
	return root, nil
}

// onlyOfList is the gateway of a list that holds one. first is how jq takes its first element.
func onlyOfList(v any, first string) (*schema.Object, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, unlike("this is a single JSON value, not a gateway", exportHint)
	}
	var found []*schema.Object
	var names []string
	for _, item := range items {
		if o, ok := item.(*schema.Object); ok && isGateway(o) {
			found, names = append(found, o), append(names, schema.Quote(textOf(foldedKeys(o)["name"])))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, unlike(fmt.Sprintf("this is a list of %d gateways: %s", len(found), schema.ShortList(names)),
			"give one of them: az network application-gateway show -g GROUP -n NAME > gateway.json, or take an element: jq '"+first+"'")
	case len(items) == 0:
		return nil, unlike("this is an empty list: there is no gateway in it", exportHint)
	}
	return nil, unlike(fmt.Sprintf("this is a list of %d elements, none of which is a gateway", len(items)),
		"give one gateway: az network application-gateway show -g GROUP -n NAME > gateway.json")
}

// isGateway reports whether an element of a list is a gateway: it says so, or has more than a gateway's name.
func isGateway(o *schema.Object) bool {
	keys := foldedKeys(o)
	if kind := textOf(keys["type"]); kind != "" {
		return strings.EqualFold(kind, gatewayType)
	}
	inner, nested := keys["properties"].(*schema.Object)
	if nested {
		keys = foldedKeys(inner)
	}
	return keys["httplisteners"] != nil || keys["backendaddresspools"] != nil && !isHealth(keys) || keys["requestroutingrules"] != nil
}

// terraform names the kind of Terraform's JSON that an object is; empty if it is none. Its resources are not those of a template.
func terraform(v any) string {
	o, _ := v.(*schema.Object)
	keys := foldedKeys(o)
	switch {
	case keys["planned_values"] != nil, keys["resource_changes"] != nil:
		return "a Terraform plan"
	case keys["terraform_version"] != nil &&
		(keys["lineage"] != nil || keys["serial"] != nil || keys["resources"] != nil || keys["values"] != nil || keys["modules"] != nil):
		return "Terraform state"
	case keys["lineage"] != nil && keys["serial"] != nil:
		return "Terraform state"
	}
	return ""
}

func isListAnswer(keys map[string]any) bool {
	_, list := keys["value"].([]any)
	return list && keys["properties"] == nil && keys["sku"] == nil
}

// isHealth knows the backend-health answer by its settings inside the pools.
func isHealth(keys map[string]any) bool {
	pools, _ := keys["backendaddresspools"].([]any)
	if len(pools) == 0 {
		return false
	}
	pool, _ := pools[0].(*schema.Object)
	return foldedKeys(pool)["backendhttpsettingscollection"] != nil
}

// isLocalFile recognises causeway.yaml by its keys, which no gateway has.
func isLocalFile(keys map[string]any) bool {
	for _, key := range []string{"certificates", "members", "connecttimeout", "backendidletimeout", "keepalivehint", "logs"} {
		if keys[key] != nil && keys["properties"] == nil && keys["sku"] == nil {
			return true
		}
	}
	return false
}

func hasGatewayKey(root *schema.Object) bool {
	_, props := schema.Gateway.Field("properties")
	known := func(o *schema.Object) bool {
		for _, m := range o.Members {
			if _, s := props.Field(m.Key); s != nil && !s.Dropped {
				return true
			}
		}
		return false
	}
	keys := foldedKeys(root)
	inner, _ := keys["properties"].(*schema.Object)
	return keys["type"] != nil || known(root) || inner != nil && known(inner)
}

// isFlat reports whether the document came without the properties level.
func isFlat(root *schema.Object) bool {
	_, nested := foldedKeys(root)["properties"].(*schema.Object)
	return !nested
}

func foldedKeys(o *schema.Object) map[string]any {
	keys := map[string]any{}
	if o != nil {
		for _, m := range o.Members {
			keys[strings.ToLower(m.Key)] = m.Value
		}
	}
	return keys
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

func unlike(message, hint string) error {
	return &FormatError{Message: gateway.Printable(message), Hint: hint}
}
