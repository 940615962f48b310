package inference

import (
	"time"
)

// Patience is how long one waits before one gives up.
const Patience = 500 * time.Millisecond
