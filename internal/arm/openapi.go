package arm

import (
	"slices"
	"strings"
)

// OpenAPI describes all operations, in the form of OpenAPI 3.1. It is made of the table by which requests are answered.
func OpenAPI(version string) map[string]any {
	paths := map[string]any{}
	for _, r := range routes() {
		path, _ := paths[r.path.String()].(map[string]any)
		if path == nil {
			path = map[string]any{}
			paths[r.path.String()] = path
		}
		path[strings.ToLower(r.method)] = r.describe()
	}
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title":       "Causeway's management API",
			"version":     version,
			"description": "The part of Azure Resource Manager that manages one application gateway. Bodies have the shapes of Azure.",
		},
		"paths": paths,
		"components": map[string]any{
			"securitySchemes": map[string]any{
				"token": map[string]any{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
			},
			"schemas": map[string]any{"Error": errorSchema()},
		},
	}
}

// describe is an operation.
func (r route) describe() map[string]any {
	parameters := []any{}
	for _, s := range r.path {
		if name, is := variable(s); is {
			parameters = append(parameters, parameter(name, "path", true))
		}
	}
	out := map[string]any{
		"summary":     strings.ToUpper(r.summary[:1]) + r.summary[1:],
		"operationId": r.operationID(),
		"responses": map[string]any{
			"2XX":     map[string]any{"description": "done, or under way"},
			"default": map[string]any{"description": "refused", "content": jsonOf("#/components/schemas/Error")},
		},
	}
	if !r.open {
		if !r.unversioned {
			parameters = append(parameters, parameter("api-version", "query", true))
		}
		out["security"] = []any{map[string]any{"token": []any{}}}
		out["x-causeway-role"] = r.needs
	}
	if slices.Contains([]string{"PUT", "PATCH"}, r.method) {
		out["requestBody"] = map[string]any{
			"required": true,
			"content":  map[string]any{"application/json": map[string]any{"schema": map[string]any{"type": "object"}}},
		}
	}
	out["parameters"] = parameters
	return out
}

// operationID is unique: the method, and the path without the punctuation.
func (r route) operationID() string {
	id := strings.ToLower(r.method)
	for _, s := range r.path {
		name, is := variable(s)
		if is {
			name = "by-" + name
		} else {
			name = s
		}
		id += "-" + strings.Trim(strings.ReplaceAll(name, ".", "-"), "-")
	}
	return id
}

func parameter(name, in string, required bool) map[string]any {
	return map[string]any{"name": name, "in": in, "required": required, "schema": map[string]any{"type": "string"}}
}

func jsonOf(ref string) map[string]any {
	return map[string]any{"application/json": map[string]any{"schema": map[string]any{"$ref": ref}}}
}

func errorSchema() map[string]any {
	text := map[string]any{"type": "string"}
	detail := map[string]any{"code": text, "message": text, "target": text}
	whole := map[string]any{"code": text, "message": text, "target": text, "details": map[string]any{
		"type": "array", "items": map[string]any{"type": "object", "properties": detail},
	}}
	return map[string]any{"type": "object", "required": []string{"error"}, "properties": map[string]any{
		"error": map[string]any{"type": "object", "required": []string{"code", "message"}, "properties": whole},
	}}
}
