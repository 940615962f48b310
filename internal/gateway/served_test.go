package gateway

import (
	"strings"
	"testing"
)

// TestUnservedPartsAreProperties catches a path that no document could ever have.
func TestUnservedPartsAreProperties(t *testing.T) {
	_, root := resourceModel.field("properties")
	for _, part := range unservedParts() {
		s := root
		for name := range strings.SplitSeq(part.path, ".") {
			bare, through := strings.CutSuffix(name, "[]")
			if _, props := s.field("properties"); props != nil {
				s = props
			}
			canonical, next := s.field(bare)
			if next == nil || canonical != bare {
				t.Errorf("%s: the model has no %s", part.path, bare)
				break
			}
			s = next
			if through && s.elem != nil {
				s = s.elem
			}
		}
	}
}
