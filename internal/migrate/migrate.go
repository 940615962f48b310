// Package migrate turns the document of a v1 gateway into one of a v2 gateway, with a checklist of all that changes on the
// way and of all that a document cannot carry.
package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"causeway/internal/gateway"
)

// Severity says how much an item of the checklist asks for.
type Severity string

// The severities, the most urgent first.
const (
	Must  Severity = "must do" // without it the v2 gateway cannot be deployed, or fails requests
	Check Severity = "check"   // requests, alerts or trust may be concerned; only a look at the site tells
	Info  Severity = "info"    // changes by itself
)

// Item is one thing that changes, or that has to be done.
type Item struct {
	Severity Severity `json:"severity"`
	Path     string   `json:"path,omitempty"` // in the v2 document; empty when it lies outside
	What     string   `json:"what"`
	Why      string   `json:"why"`
	Do       string   `json:"do"`
}

// Options are choices that only the owner of the gateway can make.
type Options struct {
	Name   string // of the v2 gateway; empty: the name of the v1 gateway with _v2
	Subnet string // id of the subnet of the v2 gateway; empty: a placeholder that Azure refuses
}

// Result is a v2 document and what goes with it.
type Result struct {
	Name      string
	Document  *gateway.Document
	Checklist []Item // must do first
}

// Error says why a document cannot be migrated. Problems are those of a document that is not valid.
type Error struct {
	Message, Hint string
	Problems      []gateway.Problem
}

func (e *Error) Error() string { return e.Message }

// Convert migrates a v1 document. The error is an *Error: the document is not v1, is invalid, or the options do not fit.
func Convert(v1 *gateway.Document, o Options) (*Result, error) {
	o, err := check(v1, o)
	if err != nil {
		return nil, err
	}
	m := &migration{v1: v1.Config, name: o.Name, subnet: o.Subnet}
	if err := m.read(v1.JSON()); err != nil {
		return nil, err
	}
	m.size()
	m.identity()
	m.network()
	m.ports()
	m.listenerCertificates()
	m.tlsPolicy()
	m.backendTrust()
	m.firewall()
	m.priorities()
	m.fips()
	m.behaviour()
	m.probes()
	m.operations()
	return m.result()
}

var azureName = regexp.MustCompile(`^[A-Za-z0-9]([\w.-]{0,78}\w)?$`)

func check(v1 *gateway.Document, o Options) (Options, error) {
	c := v1.Config
	if o.Name == "" {
		o.Name = nameOf(c) + "_v2"
	}
	switch {
	case c.SKU.Tier == "":
		return o, &Error{Message: "the gateway has no tier, so that nobody can tell whether it is v1", Hint: "add sku with name and tier, as Standard_Medium and Standard"}
	case !c.V1():
		return o, &Error{Message: fmt.Sprintf("the gateway has the tier %s, so it is v2 already", c.SKU.Tier), Hint: "give the document of a gateway of the tier Standard or WAF"}
	case gateway.HasErrors(v1.Problems()):
		return o, &Error{"the v1 document is not valid", "fix it first: causeway config validate", v1.Problems()}
	case strings.EqualFold(o.Name, c.Name):
		return o, &Error{Message: fmt.Sprintf("the v2 gateway would have the name of the v1 gateway, %s; both run side by side for a while", c.Name), Hint: "choose another name with --name"}
	case !azureName.MatchString(o.Name):
		return o, &Error{Message: fmt.Sprintf("%q is no name for a gateway", o.Name), Hint: "choose one with --name: up to 80 letters, digits, '_', '.' and '-'"}
	case o.Subnet != "" && !strings.Contains(strings.ToLower(o.Subnet), "/subnets/"):
		return o, &Error{Message: fmt.Sprintf("the subnet %q is not the id of a subnet", o.Subnet), Hint: "az network vnet subnet show -g GROUP --vnet-name VNET -n SUBNET --query id"}
	}
	return o, nil
}

func nameOf(c *gateway.Config) string {
	if c.Name == "" {
		return "gateway"
	}
	return c.Name
}

// migration is a document on its way. Trees are of maps, because the v1 document is canonical: one spelling for each name.
type migration struct {
	v1           *gateway.Config
	name, subnet string
	root, props  map[string]any
	items        []Item
}

func (m *migration) read(document []byte) error {
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.UseNumber()
	if err := dec.Decode(&m.root); err != nil {
		return fmt.Errorf("read the canonical document: %w", err)
	}
	m.props, _ = m.root["properties"].(map[string]any)
	return nil
}

func (m *migration) add(s Severity, path, what, why, do string) {
	m.items = append(m.items, Item{s, path, what, why, do})
}

// each calls f for the properties of every child of a collection; the path ends with the properties.
func (m *migration) each(collection string, f func(path, name string, child, props map[string]any)) {
	list, _ := m.props[collection].([]any)
	for i, item := range list {
		child, _ := item.(map[string]any)
		if child == nil {
			continue
		}
		props, _ := child["properties"].(map[string]any)
		if props == nil {
			props = map[string]any{}
			child["properties"] = props
		}
		name, _ := child["name"].(string)
		f(fmt.Sprintf("properties.%s[%d].properties", collection, i), name, child, props)
	}
}

// result reads the v2 document back. Whatever is wrong with it is a thing that must be done.
func (m *migration) result() (*Result, error) {
	text, err := json.Marshal(m.root)
	if err != nil {
		return nil, fmt.Errorf("write the v2 document: %w", err)
	}
	document, err := gateway.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read the v2 document back: %w", err)
	}
	for _, p := range document.Problems() {
		if p.Severity == gateway.Error {
			m.add(Must, p.Path, p.Message, "v2 does not take what v1 took", p.Hint)
		}
	}
	order := []Severity{Must, Check, Info}
	slices.SortStableFunc(m.items, func(a, b Item) int { return slices.Index(order, a.Severity) - slices.Index(order, b.Severity) })
	return &Result{m.name, document, m.items}, nil
}

// identity gives the gateway its new name, in every id that leads to it. Ids of its own are left to Azure.
func (m *migration) identity() {
	m.root["name"] = m.name
	own := m.v1.ResourceID()
	m.root["id"] = own[:strings.LastIndexByte(own, '/')+1] + m.name
	if m.v1.ID == "" {
		delete(m.root, "id")
	}
	for _, v := range m.props {
		list, _ := v.([]any)
		for _, item := range list {
			if child, ok := item.(map[string]any); ok {
				delete(child, "id")
			}
		}
	}
	m.rename(m.props)
}

func (m *migration) rename(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if id, ok := inner.(string); ok && key == "id" {
				v[key] = renamed(id, m.v1.Name, m.name)
				continue
			}
			m.rename(inner)
		}
	case []any:
		for _, item := range v {
			m.rename(item)
		}
	}
}

// renamed replaces the name of the gateway in the id of one of its children.
func renamed(id, from, to string) string {
	const marker = "/applicationgateways/"
	at := strings.Index(strings.ToLower(id), marker)
	if at < 0 {
		return id
	}
	at += len(marker)
	name, rest, _ := strings.Cut(id[at:], "/")
	if from != "" && !strings.EqualFold(name, from) {
		return id
	}
	return id[:at] + to + "/" + rest
}

// sibling is the id of another resource of the gateway's group.
func (m *migration) sibling(kind, name string) string {
	group, _, _ := strings.Cut(m.v1.ResourceID(), "/providers/")
	return group + "/providers/Microsoft.Network/" + kind + "/" + name
}

func object(pairs ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}
