package template

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// What is JSON stays as it is.
func FuzzBodyJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,true,null,"b: ,]\"\\"]}`))
	f.Add([]byte(`{template:{ // c` + "\n" + `"a":1,}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		out := BodyJSON(data)
		if json.Valid(data) && !bytes.Equal(data, out) {
			t.Errorf("%q became %q", data, out)
		}
	})
}

// No template makes a deployment panic, or hand out a resource without an id.
func FuzzDeploy(f *testing.F) {
	f.Add([]byte(templateOf(`"parameters":{"p":{"type":"string","defaultValue":"[newGuid()]"}},"resources":[` +
		resource("a", `,"dependsOn":["b"],"v":"[reference('b').x]"`) + `,` + resource("b", `,"copy":{"name":"l","count":2},"properties":{"x":1}`) +
		`],"outputs":{"o":{"type":"string","value":"[reference('b0', '2020-01-01', 'Full').id]"}}`)))
	f.Add([]byte(templateOf(`"languageVersion":"2.0","resources":{"s":{"type":"Microsoft.Resources/deployments","apiVersion":"2020-01-01","name":"n",
		"properties":{"expressionEvaluationOptions":{"scope":"inner"},"parameters":{},"template":` + templateOf(`"resources":[]`) + `}}}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		live := map[string][]byte{}
		d, err := Deploy(data, Place{
			Subscription: "s", Group: "g", Deployment: "d", Now: time.Unix(0, 0),
			Resource: func(id string) ([]byte, error) { return live[id], nil },
		})
		if err != nil {
			return
		}
		err = d.Resources(func(r Resource) error {
			if r.ID == "" || !json.Valid(r.Body) {
				t.Errorf("%+v", r)
			}
			live[r.ID] = r.Body
			return nil
		})
		if err == nil {
			_, _ = d.Outputs()
			_, _ = d.Parameters()
		}
	})
}
