package arm

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// changesOf are the changes by the last part of the id.
func changesOf(t *testing.T, a answer) map[string]change {
	t.Helper()
	var body struct {
		Status     string
		Properties struct{ Changes []change }
	}
	if err := json.Unmarshal([]byte(a.text), &body); err != nil || a.status != http.StatusOK || body.Status != "Succeeded" {
		t.Fatalf("%d %s", a.status, a.text)
	}
	out := map[string]change{}
	for _, c := range body.Properties.Changes {
		out[c.ID[strings.LastIndex(c.ID, "/")+1:]] = c
	}
	return out
}

func TestWhatIfTellsTheTruth(t *testing.T) {
	w := deploying(t)
	ask := func(template string) map[string]change {
		return changesOf(t, w.do("POST", deploymentsURL+"/first/whatIf", body(template)))
	}
	for name, c := range ask(shop) {
		if c.Kind != "Create" || c.Before != nil || c.After == nil {
			t.Errorf("before: %s: %+v", name, c)
		}
	}
	if w.gateway.Config().Document != nil {
		t.Error("what-if has deployed something")
	}
	w.deployed()
	w.do("PUT", networkURL+"/networkSecurityGroups/other", `{"location":"westeurope"}`)
	for name, c := range ask(shop) {
		if want := map[bool]string{true: "Ignore", false: "NoChange"}[name == "other"]; c.Kind != want {
			t.Errorf("the same: %s: %+v, want %s", name, c, want)
		}
	}
	changed := strings.NewReplacer(`"9000"`, `9001`, `"capacity":1`, `"capacity":2`, "10.1.0.0/24", "10.1.1.0/24",
		`[{"ipAddress":"127.0.0.1"}]`, `[{"ipAddress":"127.0.0.1"},{"fqdn":"b.example"}]`).Replace(shop)
	found := ask(changed)
	if c := found["gw1"]; c.Kind != "Modify" || len(c.Delta) != 3 {
		t.Fatalf("gateway: %s %+v", c.Kind, c.Delta)
	}
	settings := found["gw1"].Delta[1]
	if settings.Path != "properties.backendHttpSettingsCollection" || settings.Kind != "Array" || settings.Children[0].Path != "0" ||
		settings.Children[0].Children[0].Path != "properties.port" || settings.Children[0].Children[0].Before != 9000.0 ||
		settings.Children[0].Children[0].After != 9001.0 {
		t.Errorf("settings: %+v", settings)
	}
	if sku := found["gw1"].Delta[2]; sku.Path != "properties.sku.capacity" || sku.Kind != "Modify" || sku.Before != 1.0 || sku.After != 2.0 {
		t.Errorf("sku: %+v", sku)
	}
	if c := found["net"]; c.Kind != "Modify" || c.Delta[0].Path != "properties.subnets" {
		t.Errorf("network: %+v", c)
	}
	if found["ip"].Kind != "NoChange" {
		t.Errorf("address: %+v", found["ip"])
	}
	if a := w.do("PUT", deploymentsURL+"/second", body(changed)); a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.text)
	}
	for name, c := range ask(changed) {
		if c.Kind != "NoChange" && name != "other" {
			t.Errorf("after it: %s: %+v", name, c)
		}
	}
}

func TestWhatIfOfIDsAlone(t *testing.T) {
	w := deploying(t)
	w.deployed()
	a := w.do("POST", deploymentsURL+"/first/whatIf",
		strings.Replace(body(shop), `"mode"`, `"whatIfSettings":{"resultFormat":"ResourceIdOnly"},"mode"`, 1))
	for name, c := range changesOf(t, a) {
		if c.Kind != "Deploy" || c.Before != nil || c.After != nil || c.Delta != nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestDifferencesOfLists(t *testing.T) {
	var before, after any
	for text, v := range map[string]*any{
		`{"l":[{"name":"a","v":1},{"name":"b"},{"name":"c"}],"m":["x","y"]}`:       &before,
		`{"l":[{"name":"c"},{"name":"a","v":2},{"name":"d"}],"m":["x","z"],"n":1}`: &after,
	} {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := json.Marshal(differences(before, after))
	for _, want := range []string{
		`{"path":"1","propertyChangeType":"Modify","before":{"name":"a","v":1},"after":{"name":"a","v":2},"children":[{"path":"v","propertyChangeType":"Modify","before":1,"after":2}]}`,
		`{"path":"2","propertyChangeType":"Create","before":null,"after":{"name":"d"}}`,
		`{"path":"1","propertyChangeType":"Delete","before":{"name":"b"},"after":null}`,
		`{"path":"1","propertyChangeType":"Modify","before":"y","after":"z"}`,
		`{"path":"n","propertyChangeType":"Create","before":null,"after":1}`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	if strings.Contains(string(got), `"name":"c"},"after":{"name":"c"}`) {
		t.Errorf("an element that only moved has changed: %s", got)
	}
}
