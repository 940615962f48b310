package document

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
	"causeway/internal/template"
	"causeway/internal/template/expr"
)

const gatewayType = "Microsoft.Network/applicationGateways"

// isTemplate knows an ARM template, also inside the body of a deployment.
func isTemplate(v any) bool {
	o, _ := v.(*schema.Object)
	keys := foldedKeys(o)
	if _, ok := keys["properties"].(*schema.Object); ok && keys["resources"] == nil {
		o, _ = keys["properties"].(*schema.Object)
		if inner, _ := foldedKeys(o)["template"].(*schema.Object); inner != nil {
			return true
		}
	}
	inner, _ := keys["template"].(*schema.Object)
	return inner != nil || keys["resources"] != nil || strings.Contains(strings.ToLower(textOf(keys["$schema"])), "deploymenttemplate")
}

// evaluate is the gateway that a template makes.
func (n *normaliser) evaluate(data, parameters []byte) (any, error) {
	parameters, err := toParameters(parameters)
	if err != nil {
		return nil, err
	}
	result, err := template.Evaluate(data, parameters, func(kind string) bool {
		_, isChild := childCollection(kind)
		return isChild || strings.EqualFold(kind, gatewayType)
	})
	if err != nil {
		return nil, notEvaluated(err)
	}
	n.openInTemplate(result.Problems)
	n.passed(result.Passed)
	root, err := onlyGateway(result)
	if err != nil {
		return nil, err
	}
	v, err := readJSON(root.Body)
	if err != nil {
		return nil, err
	}
	o, _ := markPlaceholders(v, "", root.Unknown).(*schema.Object)
	if err := n.fold(o, result.Resources); err != nil {
		return nil, err
	}
	if isTemplate(o) {
		return nil, unlike("the gateway of the template holds a template itself", exportHint)
	}
	var f fitter
	f.value(schema.Gateway, o, "")
	n.Problems, n.opens = append(n.Problems, f.Problems...), f.opens
	return o, nil
}

// openInTemplate reports what could not be evaluated.
func (n *normaliser) openInTemplate(problems []template.Problem) {
	for _, p := range problems {
		severity := gateway.Warning
		if p.IsError {
			severity = gateway.Error
		}
		n.evaluated = append(n.evaluated, gateway.Problem{
			Path:     gateway.Printable(p.Path),
			Code:     p.Code,
			Message:  gateway.Printable(p.Message),
			Hint:     gateway.Printable(p.Hint),
			Severity: severity,
		})
	}
}

func notEvaluated(err error) error {
	var bad *expr.Error
	if errors.As(err, &bad) {
		return unlike("the template cannot be evaluated: "+bad.Message, bad.Hint)
	}
	return fmt.Errorf("evaluate the template: %w", err)
}

func toParameters(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("using ")) {
		return nil, unlike("the parameters cannot be read: this looks like a parameters file of Bicep",
			"build it: az bicep build-params --file FILE, and give the JSON that comes out")
	}
	data, err := toJSON(data)
	if err == nil {
		_, err = readJSON(data)
	}
	var format *FormatError
	if errors.As(err, &format) {
		return nil, &FormatError{
			format.Line, format.Column, "the parameters cannot be read: " + format.Message,
			"give a parameters file as Azure takes it, JSON or YAML",
		}
	}
	return data, err
}

// onlyGateway is the one gateway of a template.
func onlyGateway(result *template.Result) (template.Resource, error) {
	var found []template.Resource
	var names []string
	for _, r := range result.Resources {
		if strings.EqualFold(r.Type, gatewayType) {
			found, names = append(found, r), append(names, schema.Quote(r.Name))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && len(result.Off) > 0:
		return template.Resource{}, notDeployed(result.Off)
	case len(found) == 0 && len(result.Passed) == 0:
		return template.Resource{}, unlike("this is an ARM template without an application gateway", exportHint)
	case len(found) == 0:
		return template.Resource{}, unlike("this is an ARM template without an application gateway; it deploys "+
			schema.ShortList(typesOf(result.Passed)), exportHint)
	}
	return template.Resource{}, unlike(fmt.Sprintf("this is an ARM template with %d application gateways: %s", len(names),
		schema.ShortList(names)),
		"leave one in it, or export the one that is meant: az network application-gateway show -g GROUP -n NAME > gateway.json")
}

// notDeployed says which gateway the template holds but does not deploy, and which parameters would deploy it.
func notDeployed(off []template.Off) error {
	var all []string
	for _, o := range off {
		what := "the gateway " + schema.Quote(o.Name)
		if !strings.EqualFold(o.Type, gatewayType) {
			what = fmt.Sprintf("the gateway inside %s (%s)", schema.Quote(o.Name), schema.Quote(o.Type))
		}
		text := what + " is not deployed: " + o.Reason
		if o.Values != "" {
			text += " with these parameters (" + o.Values + ")"
		}
		all = append(all, text)
	}
	return unlike(strings.Join(all[:min(len(all), 3)], "; "), "give parameters with which it is deployed: --parameters FILE")
}

func typesOf(passed []template.Passed) []string {
	types := make([]string, len(passed))
	for i, p := range passed {
		types[i] = p.Type
	}
	return types
}

// childCollection is the collection that resources of a type are children of; not ok if they are no children of a gateway.
func childCollection(kind string) (name string, ok bool) {
	collection, ok := strings.CutPrefix(strings.ToLower(kind), strings.ToLower(gatewayType)+"/")
	_, props := schema.Gateway.Field("properties")
	name, s := props.Field(collection)
	return name, ok && s != nil && s.Kind == schema.KindList
}

// passed warns of what belongs to a gateway and not to its document, such as role assignments.
func (n *normaliser) passed(all []template.Passed) {
	for _, p := range all {
		if strings.HasPrefix(strings.ToLower(p.Type), strings.ToLower(gatewayType)+"/") {
			n.evaluated = append(n.evaluated, gateway.Problem{
				Path: gateway.Printable(p.Path), Code: "TemplateResourceIgnored",
				Message: gateway.Printable(fmt.Sprintf("a resource of type %s is not part of the gateway's document",
					schema.Quote(p.Type))),
				Hint: "nothing, unless requests depend on it", Severity: gateway.Warning,
			})
		}
	}
}

// fold puts resources that stand for a child of the gateway into their collection.
func (n *normaliser) fold(root *schema.Object, resources []template.Resource) error {
	for _, r := range resources {
		name, isChild := childCollection(r.Type)
		if !isChild {
			continue
		}
		v, err := readJSON(r.Body)
		if err != nil {
			return err
		}
		child, _ := markPlaceholders(v, "", r.Unknown).(*schema.Object)
		addChild(root, name, schema.LastSegment(r.Name), child)
	}
	return nil
}

// addChild adds a child at the end of a collection of a document in REST form.
func addChild(root *schema.Object, collection, name string, child *schema.Object) {
	envelope := &schema.Object{Members: []schema.Member{{Key: "name", Value: name}}}
	for _, m := range child.Members {
		if strings.EqualFold(m.Key, "properties") {
			envelope.Members = append(envelope.Members, m)
		}
	}
	inside := root
	for _, m := range root.Members {
		if o, ok := m.Value.(*schema.Object); ok && strings.EqualFold(m.Key, "properties") {
			inside = o
		}
	}
	for i, m := range inside.Members {
		if items, ok := m.Value.([]any); ok && strings.EqualFold(m.Key, collection) {
			inside.Members[i].Value = append(items, envelope)
			return
		}
	}
	inside.Members = append(inside.Members, schema.Member{Key: collection, Value: []any{envelope}})
}
