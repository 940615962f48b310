package arm

import (
	"encoding/json"
	"slices"
	"strings"

	"causeway/internal/gateway/schema"
)

// secretMin is from how many characters on a secret is recognised inside a longer text. A shorter one must be the whole text.
const secretMin = 6

// secretsOf are the private keys and passwords in the body of a gateway.
func secretsOf(body []byte) []string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	return collectSecrets(schema.Gateway, v, nil)
}

func collectSecrets(s *schema.Shape, v any, out []string) []string {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if _, inner := s.Field(key); inner != nil {
				out = collectSecrets(inner, value, out)
			}
		}
	case []any:
		if s.Kind == schema.KindList {
			for _, item := range v {
				out = collectSecrets(s.Elem, item, out)
			}
		}
	case string:
		if s.Secret && v != "" {
			out = append(out, v)
		}
	}
	return out
}

// withoutSecrets replaces the texts that hold a secret by null, wherever they stand.
func (p *plan) withoutSecrets(text json.RawMessage) json.RawMessage {
	if len(p.secrets) == 0 || len(text) == 0 {
		return text
	}
	var v any
	if json.Unmarshal(text, &v) != nil {
		return nil
	}
	plain, err := json.Marshal(p.cleared(v))
	if err != nil {
		return nil
	}
	return plain
}

func (p *plan) cleared(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = p.cleared(value)
		}
	case []any:
		for i, item := range v {
			v[i] = p.cleared(item)
		}
	case string:
		if p.isSecret(v) {
			return nil
		}
	}
	return v
}

func (p *plan) isSecret(text string) bool {
	return slices.ContainsFunc(p.secrets, func(s string) bool {
		return text == s || len(s) >= secretMin && strings.Contains(text, s)
	})
}
