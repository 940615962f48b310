package gateway

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checker finds what is wrong with a normalised document.
type checker struct {
	report
	cfg   *Config
	props *object // as given, without defaults
	zones []any
	names nameIndex
	open  map[string]bool // collections whose names are not all known
}

// shape holds v against the model: what is required, ranges, enums, references, and what the SKU offers.
func (c *checker) shape(s *shape, v any, path, noun string) {
	switch v := v.(type) {
	case *object:
		switch s.kind {
		case isObject:
			c.members(s, v, path, noun)
		case isRef:
			c.reference(s, v, path)
		}
	case []any:
		if s.kind == isList {
			for i, item := range v {
				c.shape(s.elem, item, path+"["+strconv.Itoa(i)+"]", noun)
			}
		}
	case json.Number:
		c.inRange(s, v, path, noun)
	case string:
		if s.kind == isEnum && !slices.Contains(s.enum, v) {
			c.error(path, code(noun, path, "Invalid"), enumHint(v, s.enum), "%s is not one of %s", shorten(v), shortList(s.enum))
		}
	}
}

func (c *checker) members(s *shape, o *object, path, noun string) {
	if s.noun != "" {
		noun = s.noun
	}
	for _, f := range s.fields {
		at, v := join(path, f.name), o.value(f.name)
		if v == nil && f.shape.filled {
			v = &object{} // so that what is required inside is missed
		}
		if f.shape.required && isBlank(v) {
			c.error(at, code(noun, at, "CannotBeEmpty"), "add "+f.shape.describe(), "%s is required", f.name)
			continue
		}
		if v == nil {
			continue
		}
		c.offered(f, v, at)
		c.shape(f.shape, v, at, noun)
	}
}

func (c *checker) inRange(s *shape, v json.Number, path, noun string) {
	n, err := strconv.Atoi(v.String())
	if s.kind != isInt || err != nil { // no whole number: reported when it was read
		return
	}
	if n < s.min || n > s.max {
		c.error(path, code(noun, path, "OutOfRange"), fmt.Sprintf("choose a value from %d to %d", s.min, s.max),
			"%s is outside %d-%d", v, s.min, s.max)
	}
}

// offered reports a property in use that the SKU lacks.
func (c *checker) offered(f field, v any, path string) {
	if !isInUse(f.shape, v) || c.cfg.SKU.Tier == "" {
		return
	}
	const notForSKU = "ApplicationGatewayFeatureCannotBeEnabledForSelectedSku"
	tier := c.cfg.SKU.Tier
	switch {
	case f.shape.only == onlyV1 && !c.cfg.V1():
		c.error(path, notForSKU, "remove it; a v2 gateway trusts roots: trustedRootCertificates", "%s exists on v1 only, and the tier is %s", f.name, tier)
	case (f.shape.only == onlyV2 || f.shape.only == notBasic) && c.cfg.V1():
		c.error(path, notForSKU, "remove it, or move to a v2 tier", "%s does not exist on v1, and the tier is %s", f.name, tier)
	case f.shape.only == notBasic && tier == "Basic":
		c.error(path, notForSKU, "remove it, or choose the tier Standard_v2", "%s is not offered by the tier Basic", f.name)
	}
}

// isInUse tells a setting from one that an export merely spells out.
func isInUse(s *shape, v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v != (s.fallback == true)
	case string:
		return v != "" && v != s.fallback
	case []any:
		return len(v) > 0
	case *object:
		if s.kind == isObject && len(v.members) > 0 {
			return slices.ContainsFunc(v.members, func(m member) bool {
				_, fs := s.field(m.key)
				return fs == nil || isInUse(fs, m.value)
			})
		}
		return len(v.members) > 0
	}
	return v != s.fallback
}

func isBlank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// reference checks that a reference leads to a child of this gateway.
func (c *checker) reference(s *shape, o *object, path string) {
	const dangling = "InvalidResourceReference"
	id, isText := o.value("id").(string)
	at := path + ".id"
	switch {
	case !isText || id == "":
		c.error(at, "LinkedInvalidPropertyId", "give the resource id of the child, or remove the reference", "the reference has no id")
	case s.target == "":
	case strings.HasPrefix(id, "["):
		c.error(at, "LinkedInvalidPropertyId", "deploy the template, then export the gateway", "%s is a template expression, not a resource id", shorten(id))
	case !strings.Contains(id, "/"):
		c.error(at, "LinkedInvalidPropertyId", "write "+c.cfg.ChildID(s.target, id), "%s is a name, not a resource id", shorten(id))
	default:
		if why := c.misled(s.target, id); why != "" {
			c.error(at, dangling, c.referenceHint(s.target, id), "%s", why)
		}
	}
}

// misled says why an id does not lead to a child of the collection; empty when it does.
func (c *checker) misled(collection, id string) string {
	parts := strings.Split(strings.Trim(id, "/"), "/")
	name, in := parts[len(parts)-1], ""
	if len(parts) > 1 {
		in = parts[len(parts)-2]
	}
	for i, p := range parts {
		if strings.EqualFold(p, "applicationGateways") && i+1 < len(parts) && c.cfg.Name != "" && !strings.EqualFold(parts[i+1], c.cfg.Name) {
			return fmt.Sprintf("the reference leads to the gateway %s, but this is %s", shorten(parts[i+1]), shorten(c.cfg.Name))
		}
	}
	if !strings.EqualFold(in, collection) {
		return fmt.Sprintf("the reference leads into %s, but an element of %s belongs here", shorten(in), collection)
	}
	if _, ok := c.names[collection][strings.ToLower(name)]; !ok && !c.open[collection] {
		return fmt.Sprintf("%s has no element named %s", collection, shorten(name))
	}
	return ""
}

func (c *checker) referenceHint(collection, id string) string {
	if own, ok := c.names[collection][strings.ToLower(lastSegment(id))]; ok {
		return "did you mean " + c.cfg.ChildID(collection, own) + "?"
	}
	if len(c.names[collection]) > 500 {
		return "check the name"
	}
	var names []string
	for _, name := range c.names[collection] {
		names = append(names, name)
	}
	slices.Sort(names)
	if best := closest(lastSegment(id), names); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	if len(names) == 0 {
		return "add it to " + collection + ", or remove the reference"
	}
	return "defined are: " + shortList(names)
}

// shortList joins at most nine names.
func shortList(names []string) string {
	if len(names) > 9 {
		return strings.Join(names[:9], ", ") + fmt.Sprintf(" and %d more", len(names)-9)
	}
	return strings.Join(names, ", ")
}

// code makes an error code in the style of Azure's: ApplicationGateway + Probe + Interval + OutOfRange.
func code(noun, path, suffix string) string {
	name := path[strings.LastIndexByte(path, '.')+1:]
	name, _, _ = strings.Cut(name, "[")
	if name != "" {
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	return "ApplicationGateway" + noun + name + suffix
}

func enumHint(v string, enum []string) string {
	if best := closest(v, enum); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "use one of the values"
}
