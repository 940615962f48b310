package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"causeway/internal/gateway"
	"causeway/internal/units"
)

// Settings are what of a causeway.yaml may be read and changed from elsewhere, in the form in which it is written there, with defaults
// filled in: nothing that names a file of the machine or holds a secret.
func Settings(l gateway.Local) map[string]any {
	size := func(s gateway.Size) map[string]any {
		return map[string]any{"cpu": s.CPU, "memory": fmt.Sprintf("%dMiB", s.Memory>>20)}
	}
	queries := "keep"
	if !l.Logs.Queries {
		queries = "drop"
	}
	return map[string]any{
		"connectTimeout":     units.GoDuration(l.ConnectTimeout),
		"backendIdleTimeout": units.GoDuration(l.BackendIdleTimeout),
		"keepAliveHint":      l.KeepAliveHint,
		"passiveEjection":    l.PassiveEjection,
		"sizes": map[string]any{
			"small": size(l.Sizes.Small), "medium": size(l.Sizes.Medium), "large": size(l.Sizes.Large), "v2": size(l.Sizes.V2),
		},
		"autoscale": map[string]any{"throughput": l.Autoscale.Throughput},
		"logs":      map[string]any{"days": l.Logs.Days, "bytes": l.Logs.Bytes, "queries": queries},
	}
}

// ChangeLocal sets settings in the text of a causeway.yaml as a JSON merge patch does (RFC 7396): null removes one. Comments and the order
// of what is there stay. Only what Settings has can be changed. The error is a *FormatError.
func ChangeLocal(text []byte, patch map[string]any) ([]byte, error) {
	known := Settings(gateway.DefaultLocal())
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		if _, ok := known[name]; !ok {
			return nil, &FormatError{
				Message: fmt.Sprintf("%s cannot be changed from elsewhere", gateway.Printable(name)),
				Hint: "what can is " + strings.Join(slices.Sorted(maps.Keys(known)), ", ") +
					"; the rest is in causeway.yaml on the machine",
			}
		}
	}
	var root yaml.Node
	if err := yaml.Unmarshal(plainUTF8(text), &root); err != nil {
		return nil, &FormatError{
			Message: "causeway.yaml is no valid YAML: " + gateway.Printable(err.Error()), Hint: "correct it on the machine",
		}
	}
	if root.Kind == 0 { // nothing, or nothing but comments, which yaml drops
		mapping := &yaml.Node{Kind: yaml.MappingNode}
		fresh, err := marshal(mapping, mapping, patch)
		if len(bytes.TrimSpace(text)) > 0 {
			fresh = append(append(bytes.TrimRight(text, "\n"), '\n'), fresh...)
		}
		return fresh, err
	}
	return marshal(&root, root.Content[0], patch)
}

// marshal writes a document, after a change of the mapping in it.
func marshal(whole, into *yaml.Node, patch map[string]any) ([]byte, error) {
	if err := merge(into, patch, ""); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(whole); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// merge changes a mapping.
func merge(into *yaml.Node, patch map[string]any, at string) error {
	if into.Kind != yaml.MappingNode {
		return &FormatError{
			Message: fmt.Sprintf("what causeway.yaml has at %q is no plain mapping", gateway.Printable(at)),
			Hint:    "write it out there, without anchors, and try again",
		}
	}
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		i := placeOf(into, name)
		value, deeper := patch[name].(map[string]any)
		switch {
		case patch[name] == nil && i >= 0:
			into.Content = slices.Delete(into.Content, i, i+2)
		case patch[name] == nil:
		case deeper && i >= 0:
			if err := merge(into.Content[i+1], value, at+"/"+name); err != nil {
				return err
			}
		default:
			n, err := nodeOf(patch[name])
			if err != nil {
				return err
			}
			if i < 0 {
				into.Content = append(into.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, n)
				continue
			}
			n.LineComment, n.FootComment = into.Content[i+1].LineComment, into.Content[i+1].FootComment
			into.Content[i+1] = n
		}
	}
	return nil
}

// placeOf is where the key of a mapping stands; -1: it has none.
func placeOf(mapping *yaml.Node, key string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// nodeOf is a value as YAML. Numbers keep the digits that they came with.
func nodeOf(v any) (*yaml.Node, error) {
	if n, ok := v.(json.Number); ok {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: n.String()}, nil
	}
	if m, ok := v.(map[string]any); ok {
		out := &yaml.Node{Kind: yaml.MappingNode}
		return out, merge(out, m, "")
	}
	n := &yaml.Node{}
	if err := n.Encode(v); err != nil {
		return nil, &FormatError{Message: "a setting has no form that YAML knows", Hint: err.Error()}
	}
	return n, nil
}
