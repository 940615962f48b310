// Package validate finds what is wrong with a document: what breaks the model, what no gateway of its SKU offers, what does not
// fit together, and what would be served without a protection that it asks for.
package validate

import (
	"fmt"
	"strconv"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// Document finds every problem that the model and the rules between children know. The checks are independent: what one
// finds never hides what another would.
//
// Tree is the document as given, in canonical form and without defaults; open are the collections of which not all names are
// known. Paths are those of the tree.
func Document(cfg *gateway.Config, tree *schema.Object, names schema.Names, open map[string]bool) []gateway.Problem {
	c := &checker{cfg: cfg, props: tree.Props(), zones: tree.List("zones"), names: names, open: open}
	c.shape(schema.Gateway, tree, "", "")
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
	c.unserved(tree)
	return c.Problems
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
func (c *checker) given(collection string, i int) *schema.Object {
	items := c.props.List(collection)
	if i >= len(items) {
		return nil
	}
	o, _ := items[i].(*schema.Object)
	return o.Props()
}

// each calls check for every child of a collection.
func (c *checker) each(collection string, check func(i int, name string, p *schema.Object)) {
	for i, item := range c.props.List(collection) {
		o, _ := item.(*schema.Object)
		check(i, o.Text("name"), o.Props())
	}
}

// named is how a message calls a child.
func named(kind, name string) string { return fmt.Sprintf("%s %s", kind, schema.Quote(name)) }
