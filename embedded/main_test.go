package embedded_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childFolder tells the test binary that it is the child of TestKill, and where
// to write.
const childFolder = "EMBEDDED_TEST_CHILD_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		writeUntilKilled(dir)
	}
	goleak.VerifyTestMain(m)
}
