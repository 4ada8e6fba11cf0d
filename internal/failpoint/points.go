package failpoint

// Variable names the folder in which points are armed, one file each.
const Variable = "BEIAN_TEST_FAILPOINTS"

// Point is an instant of a step.
type Point string

// The points, in the order in which a job comes by.
const (
	RecordWritten   Point = "record-written"   // job, timeline, notices and tasks are written, not committed
	BeforeCommit    Point = "before-commit"    // all is written, COMMIT was not sent
	AfterCommit     Point = "after-commit"     // committed, and nobody knows yet
	BeforeAnswer    Point = "before-answer"    // a submission is committed, its answer was not sent
	OutgoingTaken   Point = "outgoing-taken"   // the relay claimed rows, none went to Redis
	TaskEnqueued    Point = "task-enqueued"    // one row is in Redis, the others of its batch may not be
	BatchPublished  Point = "batch-published"  // all rows are in Redis, none is booked
	BatchBooked     Point = "batch-booked"     // they are booked as sent
	TaskReceived    Point = "task-received"    // Asynq gave a task, it is not claimed
	ClaimWritten    Point = "claim-written"    // the claim is written, not committed
	BeforeAck       Point = "before-ack"       // the acknowledgement is about to be written beside the effect
	AckWritten      Point = "ack-written"      // it is written, the effect may not be, nothing is committed
	TaskWorked      Point = "task-worked"      // the step is committed, Asynq does not know
	MessageLeaving  Point = "message-leaving"  // a message is booked as being sent, the provider not called
	MessageAccepted Point = "message-accepted" // the provider has it, the record does not know
	LeaseFreed      Point = "lease-freed"      // a lost worker's task is free again, not published
)

// Points lists all of them.
func Points() []Point {
	return []Point{RecordWritten, BeforeCommit, AfterCommit, BeforeAnswer, OutgoingTaken, TaskEnqueued, BatchPublished, BatchBooked,
		TaskReceived, ClaimWritten, BeforeAck, AckWritten, TaskWorked, MessageLeaving, MessageAccepted, LeaseFreed}
}
