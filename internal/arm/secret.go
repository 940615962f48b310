package arm

import (
	"bytes"
	"encoding/json"
	"index/suffixarray"
	"regexp"
	"slices"
	"strings"

	"causeway/internal/gateway/schema"
)

// secretMin is from how many characters on a secret is recognised inside a longer text, and a text inside a secret. A shorter
// one must be the whole text.
const secretMin = 6

// secretsOf are the private keys and passwords in the body of a gateway.
func secretsOf(body []byte) []string {
	v, err := decoded(body)
	if err != nil {
		return nil
	}
	return collectSecrets(schema.Gateway, v, nil)
}

// decoded is JSON with its numbers as they are written: a password may be one.
func decoded(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
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
	case json.Number:
		if s.Secret {
			out = append(out, v.String())
		}
	}
	return out
}

// withoutSecrets replaces the texts and numbers that are or hold a secret by null, wherever they stand.
func (p *plan) withoutSecrets(text json.RawMessage) json.RawMessage {
	return p.without(text, p.isSecret)
}

func (p *plan) without(text json.RawMessage, clears func(string) bool) json.RawMessage {
	if len(p.secrets) == 0 || len(text) == 0 {
		return text
	}
	v, err := decoded(text)
	if err != nil {
		return nil
	}
	plain, err := json.Marshal(cleared(v, clears))
	if err != nil {
		return nil
	}
	return plain
}

func cleared(v any, clears func(string) bool) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = cleared(value, clears)
		}
	case []any:
		for i, item := range v {
			v[i] = cleared(item, clears)
		}
	case string:
		if clears(v) {
			return nil
		}
	case json.Number:
		if clears(v.String()) {
			return nil
		}
	}
	return v
}

// isSecret reports whether a text is a secret or holds one.
func (p *plan) isSecret(text string) bool {
	return slices.ContainsFunc(p.secrets, func(s string) bool {
		return text == s || len(s) >= secretMin && strings.Contains(text, s)
	})
}

// ingredients are what secrets are made from, as far as it shows in them: [concat('correct ', parameters('b'))].
type ingredients struct {
	plan    *plan
	secrets *suffixarray.Index
}

func (p *plan) ingredients() ingredients {
	var all []byte
	for _, s := range p.secrets {
		if !strings.HasPrefix(s, "[") { // words of an expression are no secrets
			all = append(append(all, s...), 0)
		}
	}
	return ingredients{p, suffixarray.New(all)}
}

// literal is a text within an expression.
var literal = regexp.MustCompile(`'(?:[^']|'')*'`)

// has reports whether a text, or a literal in its expression, is or holds a secret or is part of one.
func (i ingredients) has(text string) bool {
	switch {
	case i.plan.isSecret(text):
		return true
	case !strings.HasPrefix(text, "["):
		return i.isPart(text)
	}
	return slices.ContainsFunc(literal.FindAllString(text, -1), func(quoted string) bool {
		return i.isPart(strings.ReplaceAll(quoted[1:len(quoted)-1], "''", "'"))
	})
}

func (i ingredients) isPart(text string) bool {
	return len(text) >= secretMin && len(i.secrets.Lookup([]byte(text), 1)) > 0
}
