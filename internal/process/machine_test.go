package process

import (
	"runtime"
	"testing"
)

// What the machine has is more than what the process uses of it.
func TestThisMachine(t *testing.T) {
	m := ThisMachine()
	if m.Cores < 1 || m.Procs < 1 {
		t.Errorf("%+v", m)
	}
	if runtime.GOOS == "linux" && (m.Memory <= m.Used || m.Used <= 0 || m.Open < 3 || m.Load < 0) {
		t.Errorf("%+v", m)
	}
}
