package validate

import (
	"fmt"
	"regexp"
	"strings"

	"causeway/internal/gateway/schema"
)

var azureName = regexp.MustCompile(`^[A-Za-z0-9]([\w.-]{0,78}\w)?$`)

func (c *checker) duplicateNames() {
	for _, f := range schema.GatewayFields() {
		if f.Shape.Kind != schema.KindList || f.Shape.Elem.Noun == "" {
			continue
		}
		c.repeatedNames("properties."+f.Name, c.props.List(f.Name))
	}
	for i, item := range c.props.List("urlPathMaps") {
		o, _ := item.(*schema.Object)
		c.repeatedNames(at("urlPathMaps", i, "pathRules"), o.Props().List("pathRules"))
	}
}

func (c *checker) repeatedNames(path string, items []any) {
	first := map[string]int{}
	for i, item := range items {
		o, _ := item.(*schema.Object)
		name := o.Text("name")
		if name == "" {
			continue
		}
		if j, twice := first[strings.ToLower(name)]; twice {
			c.Error(fmt.Sprintf("%s[%d].name", path, i), "DuplicateResourceName", "rename one; case does not tell names apart",
				"the name %s is already taken by %s[%d]", schema.Quote(name), path[strings.LastIndexByte(path, '.')+1:], j)
			continue
		}
		first[strings.ToLower(name)] = i
	}
}

func (c *checker) childNaming() {
	for _, f := range schema.GatewayFields() {
		if f.Shape.Kind != schema.KindList || f.Shape.Elem.Noun == "" {
			continue
		}
		c.each(f.Name, func(i int, name string, _ *schema.Object) {
			switch {
			case strings.Contains(name, "/"):
				c.Error(at(f.Name, i, "name"), "InvalidResourceName", "rename it", "the name %s holds a slash, so no id can lead to it",
					schema.Quote(name))
			case name != "" && !azureName.MatchString(name):
				c.Warn(at(f.Name, i, "name"), "InvalidResourceName", "use 1-80 letters, digits, '_', '.' or '-', a letter or digit first",
					"Azure may refuse the name %s", schema.Quote(name))
			}
		})
	}
}
