package supervisor

import (
	"fmt"
	"os"
	"testing"

	"causeway/internal/process"
)

// TestMain is also the program of the instances that the tests start.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "instance" {
		if err := process.Main("test"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}
