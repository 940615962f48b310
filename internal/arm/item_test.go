package arm

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/internal/store"
)

// fill keeps items of a kind beside those that are there.
func (s *shelf) fill(kind, prefix string, n int, value string) {
	for i := range n {
		name := prefix + fmt.Sprint(i)
		s.items[kind+" "+name] = store.Item{Kind: kind, Name: name, Value: []byte(value)}
	}
}

func TestGroupsHaveAMaximum(t *testing.T) {
	w := newWorld(t)
	w.shelf.fill(groupItems, "other/g", groupsMax-1, `{"name":"g"}`)
	put := func(group string) answer {
		return w.do("PUT", "/subscriptions/s/resourceGroups/"+group, `{"location":"westeurope"}`)
	}
	if a := put("last"); a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if a := put("last"); a.status != http.StatusOK {
		t.Errorf("a change of one that exists: %d %s", a.status, a.text)
	}
	if a := put("more"); a.status != http.StatusConflict || a.code() != "ResourceGroupQuotaExceeded" {
		t.Errorf("one more: %d %s", a.status, a.text)
	}
}

// The gateway's own group exists by being used.
func TestNeighboursNeedAGroup(t *testing.T) {
	w := newWorld(t)
	ip := networkURL + "/publicIPAddresses/ip"
	if a := w.do("PUT", ip, `{}`); a.status != http.StatusNotFound || a.code() != "ResourceGroupNotFound" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.created()
	if a := w.do("PUT", ip, `{}`); a.status != http.StatusCreated {
		t.Errorf("in the group of the gateway: %d %s", a.status, a.text)
	}
}

func TestItemsHaveAMaximum(t *testing.T) {
	w := deploying(t)
	w.created()
	long := strings.Repeat("x", itemMax)
	for path, body := range map[string]string{
		groupURL:                             `{"location":"westeurope","tags":{"a":"` + long + `"}}`,
		networkURL + "/publicIPAddresses/ip": `{"tags":{"a":"` + long + `"}}`,
		networkURL + "/virtualNetworks/net":  `{"properties":{"subnets":[{"name":"one","properties":{"a":"` + long + `"}}]}}`,
		gatewayURL + locksURL + "a":          `{"properties":{"level":"CanNotDelete","notes":"` + long + `"}}`,
	} {
		if a := w.do("PUT", path, body); a.status != http.StatusRequestEntityTooLarge || a.code() != "RequestEntityTooLarge" {
			t.Errorf("%s: %d %.300s", path, a.status, a.text)
		}
	}
	large := strings.Replace(shop, `"sku":{"name":"Standard"}`, `"tags":{"a":"`+long+`"}`, 1)
	if a := w.do("POST", deploymentsURL+"/large/validate", body(large)); a.at(t, "error", "details", "0", "code") != "RequestEntityTooLarge" {
		t.Errorf("in a template: %d %.300s", a.status, a.text)
	}
	if a := w.do("GET", networkURL+"/virtualNetworks/net", ""); a.status != http.StatusNotFound {
		t.Errorf("a network without its subnet is kept: %d %s", a.status, a.text)
	}
}

// The store is asked once for what many resources need.
func TestItemsAreReadOnce(t *testing.T) {
	w := deploying(t)
	for _, name := range []string{"a", "b", "c"} {
		w.do("PUT", networkURL+"/virtualNetworks/"+name, `{"properties":{"subnets":[{"name":"one"}]}}`)
	}
	for _, x := range []struct{ method, path, body, kind string }{
		{"GET", networkURL + "/virtualNetworks", "", "subnets"},
		{"POST", deploymentsURL + "/first/whatIf", body(shop), locks.collection},
	} {
		clear(w.shelf.reads)
		if a := w.do(x.method, x.path, x.body); a.status != http.StatusOK || w.shelf.reads[x.kind] != 1 {
			t.Errorf("%s %s: %d reads of %s: %d %s", x.method, x.path, w.shelf.reads[x.kind], x.kind, a.status, a.text)
		}
	}
}

// A large deployment is kept without its template, and then without its parameters.
func TestLargeDeploymentsAreKeptInPart(t *testing.T) {
	w := deploying(t)
	w.deployed()
	long := strings.Repeat("x", templateMax)
	a := w.do("PUT", deploymentsURL+"/large", body(strings.Replace(shop, `"variables":{`, `"variables":{"x":"`+long+`",`, 1)))
	if a.status != http.StatusCreated {
		t.Fatalf("%d %.300s", a.status, a.text)
	}
	if a := w.do("POST", deploymentsURL+"/large/exportTemplate", ""); a.status != http.StatusNotFound || a.code() != "DeploymentTemplateNotFound" {
		t.Errorf("%d %.300s", a.status, a.text)
	}
	given := strings.Replace(body(strings.Replace(shop, `"parameters":{`, `"parameters":{"long":{"type":"string"},`, 1)), `"parameters": {}`,
		`"parameters": {"long":{"value":"`+strings.Repeat("x", deploymentBytesMax)+`"}}`, 1)
	if a := w.do("PUT", deploymentsURL+"/large", given); a.status != http.StatusOK {
		t.Errorf("%d %.300s", a.status, a.text)
	}
	if a := w.do("GET", deploymentsURL+"/large", ""); a.at(t, "properties", "outputs", "where", "value") != "large in rg" || len(a.text) > deploymentBytesMax {
		t.Errorf("%d bytes: %d %.300s", len(a.text), a.status, a.text)
	}
}

func TestTheLastDeploymentsOfAllGroupsAreKept(t *testing.T) {
	w := deploying(t)
	at := w.server.now().Add(-time.Hour).Format(time.RFC3339)
	w.shelf.fill(deploymentItems, "s/other/d", deploymentsMaxAll, `{"State":"Succeeded","At":"`+at+`"}`)
	w.deployed()
	if all, _ := w.shelf.Items(t.Context(), deploymentItems); len(all) != deploymentsMaxAll {
		t.Errorf("%d deployments are kept, and not %d", len(all), deploymentsMaxAll)
	}
	if a := w.do("GET", deploymentsURL+"/first", ""); a.status != http.StatusOK {
		t.Errorf("the last one: %d %s", a.status, a.text)
	}
}
