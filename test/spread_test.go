package test

import (
	"testing"
)

func TestClusterSmoke(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	c := newCluster(t, front, withInstances(plain(front, member), 5), "", "")
	eventually(t, "the instances are spread", func() bool { return c.instances() == [3]int{2, 2, 1} })
	s, _ := c.nodes[1].status()
	t.Logf("%+v", s)
	t.Log(c.nodes[0].must("instances"))
	t.Log(c.leader())
}
