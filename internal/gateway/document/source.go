// Package document reads gateways. It is one pipe, entered at Source: bytes → JSON → template → canonical tree → Config, with
// the problems that show on the way. Nothing outside of it sees the form in which a document came.
package document

import (
	"fmt"

	"causeway/internal/gateway"
)

// Source is a gateway as people keep it: unread texts.
type Source struct {
	Document   []byte `json:"document"`             // as Azure exports it, in JSON or YAML; or an ARM template
	Parameters []byte `json:"parameters,omitempty"` // of a document that is a template, as Azure takes them, in JSON or YAML
	Local      []byte `json:"local"`                // causeway.yaml; empty: the defaults
	Dir        string `json:"dir,omitempty"`        // where relative file names in Local start
}

// Parse reads the document and causeway.yaml, and finds the problems of each and of both together. The error is that of
// ParseLocal or ParseDocument, and names the part that cannot be read.
func (s Source) Parse() (*Document, gateway.Local, []gateway.Problem, error) {
	local, problems, err := s.ParseLocal()
	if err != nil {
		return nil, local, problems, fmt.Errorf("read causeway.yaml: %w", err)
	}
	d, err := s.ParseDocument()
	if err != nil {
		return nil, local, problems, fmt.Errorf("read the gateway document: %w", err)
	}
	return d, local, append(problems, d.ProblemsWith(local)...), nil
}

// Parse reads a document without parameters and without causeway.yaml. See ParseDocument.
func Parse(document []byte) (*Document, error) { return Source{Document: document}.ParseDocument() }

// ParseDocument reads the document of one gateway: the body of the REST API, what `az network application-gateway show`
// prints, either of them as YAML, or an ARM template with one gateway. Property names and enum values may have any case,
// numbers may be strings, null counts as absent, JSON may have comments.
//
// The error is a *FormatError when the input is something else or cannot be read. What is wrong inside a gateway document
// is never an error here but a Problem; Config then holds what could be read.
func (s Source) ParseDocument() (*Document, error) {
	text, err := toJSON(s.Document)
	if err != nil {
		return nil, err
	}
	value, err := readJSON(text)
	if err != nil {
		return nil, err
	}
	var n normaliser
	if value, err = n.deployed(value, text, s.Parameters); err != nil {
		return nil, err
	}
	root, err := recogniseValue(value)
	if err != nil {
		return nil, err
	}
	d := n.document(root)
	d.check(&n)
	return d, nil
}

// deployed is the gateway that a template makes, or the value itself if it is no template. Text is the JSON of the value.
func (n *normaliser) deployed(value any, text, parameters []byte) (any, error) {
	if what := terraform(value); what != "" {
		return nil, unlike("this is "+what+", which has the provider's names and not Azure's",
			"export the gateway that it made: az network application-gateway show -g GROUP -n NAME > gateway.json")
	}
	if isTemplate(value) {
		return n.evaluate(text, parameters)
	}
	if len(parameters) > 0 {
		n.Warn("document", "ParametersIgnored", "leave --parameters out",
			"the document is no template, so that the parameters have no effect")
	}
	return value, nil
}
