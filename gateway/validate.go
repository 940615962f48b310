package gateway

// validate finds every problem that the model and the rules between children know.
func validate(d *Document) []Problem {
	c := &checker{cfg: d.Config, props: d.tree.props(), names: d.names}
	c.shape(resourceModel, d.tree, "", "")
	return c.problems
}
