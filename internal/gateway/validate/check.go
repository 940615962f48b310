package validate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// checker finds what is wrong with a normalised document.
type checker struct {
	gateway.Report
	cfg   *gateway.Config
	props *schema.Object // as given, without defaults
	zones []any
	names schema.Names
	open  map[string]bool // collections whose names are not all known
}

// shape checks v against the model: what is required, ranges, enums, references, and what the SKU offers.
func (c *checker) shape(s *schema.Shape, v any, path, noun string) {
	switch v := v.(type) {
	case *schema.Object:
		switch s.Kind {
		case schema.KindObject:
			c.members(s, v, path, noun)
		case schema.KindRef:
			c.reference(s, v, path)
		}
	case []any:
		if s.Kind == schema.KindList {
			for i, item := range v {
				c.shape(s.Elem, item, path+"["+strconv.Itoa(i)+"]", noun)
			}
		}
	case json.Number:
		c.inRange(s, v, path, noun)
	case string:
		if s.Kind == schema.KindEnum && !slices.Contains(s.Enum, v) {
			c.Error(path, code(noun, path, "Invalid"), enumHint(v, s.Enum), "%s is not one of %s", schema.Quote(v),
				schema.ShortList(s.Enum))
		}
	}
}

func (c *checker) members(s *schema.Shape, o *schema.Object, path, noun string) {
	if s.Noun != "" {
		noun = s.Noun
	}
	for _, f := range s.Fields {
		at, v := schema.JoinPath(path, f.Name), o.Value(f.Name)
		if v == nil && f.Shape.Filled {
			v = &schema.Object{} // so that what is required inside is missed
		}
		if f.Shape.Required && isBlank(v) {
			c.Error(at, code(noun, at, "CannotBeEmpty"), "add "+f.Shape.Describe(), "%s is required", f.Name)
			continue
		}
		if v == nil {
			continue
		}
		c.offered(f, v, at)
		c.shape(f.Shape, v, at, noun)
	}
}

func (c *checker) inRange(s *schema.Shape, v json.Number, path, noun string) {
	n, err := strconv.Atoi(v.String())
	if s.Kind != schema.KindInt || err != nil { // no whole number: reported when it was read
		return
	}
	if n < s.Min || n > s.Max {
		c.Error(path, code(noun, path, "OutOfRange"), fmt.Sprintf("choose a value from %d to %d", s.Min, s.Max),
			"%s is outside %d-%d", v, s.Min, s.Max)
	}
}

// offered reports a property in use that the SKU lacks.
func (c *checker) offered(f schema.Field, v any, path string) {
	if !isInUse(f.Shape, v) || c.cfg.SKU.Tier == "" {
		return
	}
	const notForSKU = "ApplicationGatewayFeatureCannotBeEnabledForSelectedSku"
	tier := c.cfg.SKU.Tier
	switch {
	case f.Shape.Only == schema.OnlyV1 && !c.cfg.V1():
		c.Error(path, notForSKU, "remove it; a v2 gateway trusts roots: trustedRootCertificates",
			"%s exists on v1 only, and the tier is %s",
			f.Name, tier)
	case (f.Shape.Only == schema.OnlyV2 || f.Shape.Only == schema.NotBasic) && c.cfg.V1():
		c.Error(path, notForSKU, "remove it, or move to a v2 tier", "%s does not exist on v1, and the tier is %s", f.Name, tier)
	case f.Shape.Only == schema.NotBasic && tier == "Basic":
		c.Error(path, notForSKU, "remove it, or choose the tier Standard_v2", "%s is not offered by the tier Basic", f.Name)
	}
}

// isInUse tells a setting from one that an export merely spells out.
func isInUse(s *schema.Shape, v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v != (s.Fallback == true)
	case string:
		return v != "" && v != s.Fallback
	case []any:
		return len(v) > 0
	case *schema.Object:
		if s.Kind == schema.KindObject && len(v.Members) > 0 {
			return slices.ContainsFunc(v.Members, func(m schema.Member) bool {
				_, fs := s.Field(m.Key)
				return fs == nil || isInUse(fs, m.Value)
			})
		}
		return len(v.Members) > 0
	}
	return v != s.Fallback
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
func (c *checker) reference(s *schema.Shape, o *schema.Object, path string) {
	const dangling = "InvalidResourceReference"
	id, isText := o.Value("id").(string)
	at := path + ".id"
	switch {
	case !isText || id == "":
		c.Error(at, "LinkedInvalidPropertyId", "give the resource id of the child, or remove the reference", "the reference has no id")
	case s.Target == "":
	case strings.HasPrefix(id, "["):
		c.Error(at, "LinkedInvalidPropertyId", "deploy the template, then export the gateway",
			"%s is a template expression, not a resource id",
			schema.Quote(id))
	case !strings.Contains(id, "/"):
		c.Error(at, "LinkedInvalidPropertyId", "write "+c.cfg.ChildID(s.Target, id), "%s is a name, not a resource id", schema.Quote(id))
	default:
		if why := c.misled(s.Target, id); why != "" {
			c.Error(at, dangling, c.referenceHint(s.Target, id), "%s", why)
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
		if strings.EqualFold(p, "applicationGateways") && i+1 < len(parts) && c.cfg.Name != "" &&
			!strings.EqualFold(parts[i+1], c.cfg.Name) {
			return fmt.Sprintf("the reference leads to the gateway %s, but this is %s", schema.Quote(parts[i+1]), schema.Quote(c.cfg.Name))
		}
	}
	if !strings.EqualFold(in, collection) {
		return fmt.Sprintf("the reference leads into %s, but an element of %s belongs here", schema.Quote(in), collection)
	}
	if _, ok := c.names[collection][strings.ToLower(name)]; !ok && !c.open[collection] {
		return fmt.Sprintf("%s has no element named %s", collection, schema.Quote(name))
	}
	return ""
}

func (c *checker) referenceHint(collection, id string) string {
	if own, ok := c.names[collection][strings.ToLower(schema.LastSegment(id))]; ok {
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
	if best := schema.Closest(schema.LastSegment(id), names); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	if len(names) == 0 {
		return "add it to " + collection + ", or remove the reference"
	}
	return "defined are: " + schema.ShortList(names)
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
	if best := schema.Closest(v, enum); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "use one of the values"
}
