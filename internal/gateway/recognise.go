package gateway

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

const exportHint = "export the gateway with: az network application-gateway show -g GROUP -n NAME > gateway.json"

var yamlLine = regexp.MustCompile(`^(---|[$A-Za-z_][\w.-]*:(\s|$)|- )`)

// recogniseText refuses input that is neither JSON nor YAML by what it looks like, so that nobody has to understand a
// syntax error. It reports YAML.
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
		return false, unlike("this looks like Bicep", "export the gateway that it made: az network application-gateway show -g GROUP -n NAME > gateway.json")
	case bytes.HasPrefix(start, []byte("//")) || bytes.HasPrefix(start, []byte("/*")): // a comment before the JSON
		return false, nil
	case yamlLine.Match(first) || start[0] == '#' || start[0] == '%':
		return true, nil
	}
	return false, nil // the JSON reader says where it stops being JSON
}

// recogniseValue returns the gateway object, or says what else the JSON is.
func recogniseValue(v any) (*object, error) {
	root, ok := v.(*object)
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
		o, _ := keys["error"].(*object)
		inner := foldedKeys(o)
		return nil, unlike(fmt.Sprintf("this is an error answer of Azure: %s: %s", textOf(inner["code"]), textOf(inner["message"])), exportHint)
	case isListAnswer(keys):
		return onlyOfList(keys["value"], ".value[0]")
	case keys["type"] != nil && !strings.EqualFold(textOf(keys["type"]), "Microsoft.Network/applicationGateways"):
		return nil, unlike(fmt.Sprintf("this is a resource of type %s, not an application gateway", shorten(textOf(keys["type"]))), exportHint)
	case isHealth(keys):
		return nil, unlike("this is a backend-health answer, not a gateway", exportHint)
	case !hasGatewayKey(root):
		return nil, unlike("this JSON object has no property of an application gateway", exportHint)
	}
	return root, nil
}

// onlyOfList is the gateway of a list that holds one. first is how jq takes its first element.
func onlyOfList(v any, first string) (*object, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, unlike("this is a single JSON value, not a gateway", exportHint)
	}
	var found []*object
	var names []string
	for _, item := range items {
		if o, ok := item.(*object); ok && isGateway(o) {
			found, names = append(found, o), append(names, shorten(textOf(foldedKeys(o)["name"])))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, unlike(fmt.Sprintf("this is a list of %d gateways: %s", len(found), shortList(names)),
			"give one of them: az network application-gateway show -g GROUP -n NAME > gateway.json, or take an element: jq '"+first+"'")
	case len(items) == 0:
		return nil, unlike("this is an empty list: there is no gateway in it", exportHint)
	}
	return nil, unlike(fmt.Sprintf("this is a list of %d elements, none of which is a gateway", len(items)),
		"give one gateway: az network application-gateway show -g GROUP -n NAME > gateway.json")
}

// isGateway reports whether an element of a list is a gateway: it says so, or has more than a gateway's name.
func isGateway(o *object) bool {
	keys := foldedKeys(o)
	if kind := textOf(keys["type"]); kind != "" {
		return strings.EqualFold(kind, gatewayType)
	}
	inner, nested := keys["properties"].(*object)
	if nested {
		keys = foldedKeys(inner)
	}
	return keys["httplisteners"] != nil || keys["backendaddresspools"] != nil && !isHealth(keys) || keys["requestroutingrules"] != nil
}

// terraform says what of Terraform's JSON an object is; empty if it is none. Its resources must not be taken for a template's.
func terraform(v any) string {
	o, _ := v.(*object)
	keys := foldedKeys(o)
	switch {
	case keys["planned_values"] != nil, keys["resource_changes"] != nil:
		return "a Terraform plan"
	case keys["terraform_version"] != nil && (keys["lineage"] != nil || keys["serial"] != nil || keys["resources"] != nil || keys["values"] != nil || keys["modules"] != nil):
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
	pool, _ := pools[0].(*object)
	return foldedKeys(pool)["backendhttpsettingscollection"] != nil
}

// isLocalFile knows causeway.yaml by its keys, none of which a gateway has.
func isLocalFile(keys map[string]any) bool {
	for _, key := range []string{"certificates", "members", "connecttimeout", "backendidletimeout", "keepalivehint", "logs"} {
		if keys[key] != nil && keys["properties"] == nil && keys["sku"] == nil {
			return true
		}
	}
	return false
}

func hasGatewayKey(root *object) bool {
	_, props := resourceModel.field("properties")
	known := func(o *object) bool {
		for _, m := range o.members {
			if _, s := props.field(m.key); s != nil && !s.dropped {
				return true
			}
		}
		return false
	}
	keys := foldedKeys(root)
	inner, _ := keys["properties"].(*object)
	return keys["type"] != nil || known(root) || inner != nil && known(inner)
}

// isFlat reports whether the document came without the properties level.
func isFlat(root *object) bool {
	_, nested := foldedKeys(root)["properties"].(*object)
	return !nested
}

func foldedKeys(o *object) map[string]any {
	keys := map[string]any{}
	if o != nil {
		for _, m := range o.members {
			keys[strings.ToLower(m.key)] = m.value
		}
	}
	return keys
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

func unlike(message, hint string) error { return &FormatError{Message: printable(message), Hint: hint} }
