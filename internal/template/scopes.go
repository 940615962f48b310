package template

import (
	"strings"

	"causeway/internal/template/expr"
)

// around is the deployment that a template is nested in, with what stands around it.
type around struct {
	env
	resource *expr.Object
}

// level is where a template deploys to, by its $schema.
type level int

const (
	toGroup level = iota
	toSubscription
	toManagementGroup
	toTenant
)

func (s *scope) level() level { return levelOf(s.root) }

func levelOf(template *expr.Object) level {
	schema := strings.ToLower(template.Text("$schema"))
	switch {
	case strings.Contains(schema, "subscriptiondeploymenttemplate"):
		return toSubscription
	case strings.Contains(schema, "managementgroupdeploymenttemplate"):
		return toManagementGroup
	case strings.Contains(schema, "tenantdeploymenttemplate"):
		return toTenant
	}
	return toGroup
}

// property is a text of the deployment that holds the template, evaluated where it stands; empty if it has none.
func (e env) property(name string) (any, error) {
	a := e.around
	if a == nil {
		return nil, nil
	}
	v, ok := a.resource.Get(name)
	if !ok {
		return nil, nil
	}
	outer := a.env
	outer.depth = e.depth
	return outer.at(expr.JoinPath(outer.path, name)).value(v)
}

// groupName is the resource group that the template deploys to.
func (e env) groupName() (string, error) {
	return e.nearest("resourceGroup", e.run.text(func(p *Place) string { return p.Group }, groupName))
}

func (e env) subscriptionID() (string, error) {
	return e.nearest("subscriptionId", e.run.text(func(p *Place) string { return p.Subscription }, zeroID))
}

// nearest is a property of the scope as the nearest deployment around the template says, or what holds if none does.
func (e env) nearest(property, otherwise string) (string, error) {
	v, err := e.property(property)
	switch {
	case err != nil:
		return "", err
	case v != nil:
		return expr.TextOf(v), nil
	case e.around != nil:
		return e.outer().nearest(property, otherwise)
	}
	return otherwise, nil
}

func (e env) outer() env {
	outer := e.around.env
	outer.depth = e.depth
	return outer
}

// scopeID is the id of what the template deploys to.
func (e env) scopeID() (string, error) {
	switch e.level() {
	case toTenant:
		return "", nil
	case toManagementGroup:
		return managementGroup().Text("id"), nil
	}
	id, err := e.subscriptionID()
	if err != nil || e.level() == toSubscription {
		return "/subscriptions/" + id, err
	}
	group, err := e.groupName()
	return "/subscriptions/" + id + "/resourceGroups/" + group, err
}

func (e env) subscription() (any, error) {
	id, err := e.subscriptionID()
	return expr.NewObject("id", "/subscriptions/"+id, "subscriptionId", id, "tenantId", e.tenantID(), "displayName", "subscription"), err
}

func (e env) resourceGroup() (any, error) {
	id, err := e.subscriptionID()
	if err != nil {
		return nil, err
	}
	name, err := e.groupName()
	return expr.NewObject("id", "/subscriptions/"+id+"/resourceGroups/"+name, "name", name,
		"type", "Microsoft.Resources/resourceGroups", "location", e.location(), "tags", e.groupTags(), "managedBy", nil,
		"properties", expr.NewObject("provisioningState", "Succeeded")), err
}

// deployment has a location unless it deploys to a resource group. A template that was not read from an address has no
// templateLink, so that using it is what a deployment alone knows.
func (e env) deployment() (any, error) {
	name, err := e.property("name")
	if err != nil {
		return nil, err
	}
	if name == nil {
		name = e.run.text(func(p *Place) string { return p.Deployment }, "deployment")
	}
	out := expr.NewObject("name", name, "properties", expr.NewObject(
		"mode", "Incremental", "provisioningState", "Accepted", "parameters", &expr.Object{},
		"template", expr.NewObject("$schema", e.root.Text("$schema"), "contentVersion", e.root.Text("contentVersion")),
		"templateLink", &expr.Unknown{Placeholder: afterDeployment, Late: "deployment().properties.templateLink"}))
	if e.level() != toGroup {
		out.Set("location", e.location())
	}
	return out, nil
}
