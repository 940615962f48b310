package validate

import (
	"strings"
	"testing"

	"causeway/internal/gateway/schema"
)

// TestUnservedPartsAreProperties catches a path that no document could ever have.
func TestUnservedPartsAreProperties(t *testing.T) {
	_, root := schema.Gateway.Field("properties")
	for _, part := range unservedParts() {
		s := root
		for name := range strings.SplitSeq(part.path, ".") {
			bare, through := strings.CutSuffix(name, "[]")
			if _, props := s.Field("properties"); props != nil {
				s = props
			}
			canonical, next := s.Field(bare)
			if next == nil || canonical != bare {
				t.Errorf("%s: the model has no %s", part.path, bare)
				break
			}
			s = next
			if through && s.Elem != nil {
				s = s.Elem
			}
		}
	}
}
