package document

import (
	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
	"causeway/internal/gateway/validate"
)

// FirewallPolicy reads a firewall policy in any form that people have, and returns it in canonical REST form with what is wrong with
// it. A *FormatError says that the text is no policy at all.
func FirewallPolicy(text []byte) (canonical []byte, problems []gateway.Problem, err error) {
	value, err := readJSON(text)
	if err != nil {
		return nil, nil, err
	}
	root, ok := value.(*schema.Object)
	if !ok {
		return nil, nil, unlike("the firewall policy is "+jsonType(value)+" where an object belongs",
			`write {"location": …, "properties": {…}}`)
	}
	var n normaliser
	tree := n.object(schema.FirewallPolicy, root, "")
	return render(tree), gateway.SortProblems(append(n.Problems, validate.FirewallPolicy(tree)...)), nil
}
