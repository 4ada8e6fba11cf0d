package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"beian/internal/dashboard"
	"beian/internal/store"
	"beian/internal/text"
	"beian/tasks"
)

// liveTasks is what the dashboard shows instead of payloads: masked, from SQL.
func (o *office) liveTasks(ctx context.Context, ids []string) (map[string]dashboard.Live, error) {
	rows, err := o.store.LiveTasks(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]dashboard.Live, len(rows))
	for _, r := range rows {
		out[r.ID] = liveOf(r, o.catalog.T(text.Chinese, "kind."+kindOf(r), nil))
	}
	return out, o.liveCards(ctx, ids, out)
}

// liveOf leaves the due time out once nothing is due any more.
func liveOf(r store.LiveTask, kind string) dashboard.Live {
	live := dashboard.Live{Receipt: r.Receipt, Kind: kind, State: r.State, Attempts: r.Attempts, Due: r.NotBefore, Note: r.Reason}
	if r.State == "done" || r.State == "dead" {
		live.Due = time.Time{}
	}
	return live
}

// liveCards puts the review in the place of its card's task: cards outlive their
// rows in the outbox, and a reviewer wants to know how the review stands.
func (o *office) liveCards(ctx context.Context, ids []string, out map[string]dashboard.Live) error {
	rounds := map[string]int{} // by id
	var receipts []string
	for _, id := range ids {
		if receipt, round, ok := tasks.ParseCardID(id); ok {
			rounds[id] = round
			receipts = append(receipts, receipt)
		}
	}
	cards, err := o.store.LiveCards(ctx, receipts)
	if err != nil {
		return err
	}
	for id, round := range rounds {
		receipt, _, _ := tasks.ParseCardID(id)
		if card, ok := cards[receipt]; ok {
			out[id] = o.liveCard(card, round)
		}
	}
	return nil
}

func (o *office) liveCard(c store.LiveCard, round int) dashboard.Live {
	r := c.Review
	live := dashboard.Live{Card: true, Receipt: r.Receipt, State: cardState(c, round)}
	if round < r.Round || r.State.Ended() {
		return live
	}
	live.Claimed = cardHolder(c)
	if r.State != tasks.ReviewPaused && c.JobState != tasks.StateDisputed {
		live.Due = r.DueAt
		live.Left = dashboard.Span(o.calendar.Between(o.clock(), r.DueAt))
	}
	return live
}

// cardState is a review in few words; Chinese, as all of the dashboard's lines.
func cardState(c store.LiveCard, round int) string {
	r := c.Review
	switch {
	case round < r.Round:
		return "第" + strconv.Itoa(round) + "轮已结束"
	case r.State == tasks.ReviewApproved:
		return "已通过"
	case r.State == tasks.ReviewRejected:
		return "未通过"
	case r.State == tasks.ReviewClosed:
		return "已关闭"
	case c.JobState == tasks.StateDisputed:
		return "已暂停：申请已冻结"
	case r.State == tasks.ReviewPaused:
		return "已暂停：待申请人补充"
	}
	words := "待审核"
	switch {
	case r.State == tasks.ReviewDeciding:
		words = "已决定，可撤回"
	case c.Held:
		words = "审核中"
	case r.Stage == 2:
		words = "待复核"
	}
	switch {
	case r.Breaches > 0:
		words += "，已超时"
	case r.Tier > 0:
		words += "，已升级"
	case r.Reminded >= 80:
		words += "，即将超时"
	}
	return words
}

// cardHolder is who holds a review: the role, never a name.
func cardHolder(c store.LiveCard) string {
	if !c.Held {
		return "无"
	}
	if c.HolderRole == string(tasks.ActorSupervisor) {
		return "主管"
	}
	return "审核员"
}

// cardResult is what a finished card leaves in the dashboard: receipt and outcome.
func (o *office) cardResult(ctx context.Context, ref tasks.TaskRef) []byte {
	result, err := o.desk.CardResult(ctx, ref)
	if err != nil {
		if !errors.Is(err, tasks.ErrNotFound) && ctx.Err() == nil {
			o.log.Warn().Err(err).Msg("a card's result was not read")
		}
		return nil
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		return nil
	}
	return encoded
}
