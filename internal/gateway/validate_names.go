package gateway

import (
	"fmt"
	"regexp"
	"strings"
)

var azureName = regexp.MustCompile(`^[A-Za-z0-9]([\w.-]{0,78}\w)?$`)

func (c *checker) duplicateNames() {
	for _, f := range gatewayFields() {
		if f.shape.kind != isList || f.shape.elem.noun == "" {
			continue
		}
		c.repeatedNames("properties."+f.name, c.props.list(f.name))
	}
	for i, item := range c.props.list("urlPathMaps") {
		o, _ := item.(*object)
		c.repeatedNames(at("urlPathMaps", i, "pathRules"), o.props().list("pathRules"))
	}
}

func (c *checker) repeatedNames(path string, items []any) {
	first := map[string]int{}
	for i, item := range items {
		o, _ := item.(*object)
		name := o.str("name")
		if name == "" {
			continue
		}
		if j, twice := first[strings.ToLower(name)]; twice {
			c.error(fmt.Sprintf("%s[%d].name", path, i), "DuplicateResourceName", "rename one; case does not tell names apart",
				"the name %s is already taken by %s[%d]", shorten(name), path[strings.LastIndexByte(path, '.')+1:], j)
			continue
		}
		first[strings.ToLower(name)] = i
	}
}

func (c *checker) childNaming() {
	for _, f := range gatewayFields() {
		if f.shape.kind != isList || f.shape.elem.noun == "" {
			continue
		}
		c.each(f.name, func(i int, name string, _ *object) {
			switch {
			case strings.Contains(name, "/"):
				c.error(at(f.name, i, "name"), "InvalidResourceName", "rename it", "the name %s holds a slash, so no id can lead to it", shorten(name))
			case name != "" && !azureName.MatchString(name):
				c.warn(at(f.name, i, "name"), "InvalidResourceName", "use 1-80 letters, digits, '_', '.' or '-', a letter or digit first",
					"Azure may refuse the name %s", shorten(name))
			}
		})
	}
}
