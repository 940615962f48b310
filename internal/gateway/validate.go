package gateway

import (
	"fmt"
	"strconv"
)

// validate finds every problem that the model and the rules between children know. The checks are independent: what one
// finds never hides what another would.
func validate(d *Document) []Problem {
	c := &checker{cfg: d.Config, props: d.tree.props(), zones: d.tree.list("zones"), names: d.names, open: d.open}
	c.shape(resourceModel, d.tree, "", "")
	c.duplicateNames()
	c.childNaming()
	c.limits()
	c.size()
	c.frontend()
	c.frontendsTogether()
	c.listeners()
	c.sharedEndpoints()
	c.priorities()
	c.rules()
	c.shadowedListeners()
	c.pathMaps()
	c.redirects()
	c.redirectLoops()
	c.pools()
	c.settings()
	c.probes()
	c.certificates()
	c.tlsPolicies()
	c.customErrors()
	c.rewriteSets()
	c.firewall()
	c.ruleSet()
	c.jwt()
	c.layer4()
	c.unserved(d.tree)
	return c.problems
}

// at is the path of a property of a child.
func at(collection string, i int, property string) string {
	path := "properties." + collection + "[" + strconv.Itoa(i) + "]"
	switch property {
	case "":
		return path
	case "name":
		return path + ".name"
	}
	return path + ".properties." + property
}

// given are the properties of a child as the document has them.
func (c *checker) given(collection string, i int) *object {
	items := c.props.list(collection)
	if i >= len(items) {
		return nil
	}
	o, _ := items[i].(*object)
	return o.props()
}

// each calls check for every child of a collection.
func (c *checker) each(collection string, check func(i int, name string, p *object)) {
	for i, item := range c.props.list(collection) {
		o, _ := item.(*object)
		check(i, o.str("name"), o.props())
	}
}

// named is how a message calls a child.
func named(kind, name string) string { return fmt.Sprintf("%s %s", kind, shorten(name)) }
