"""What each key of the language means, in both languages: what an editor shows beside it.

One line a key: the model of the grammar that has it, the key as it is written, Chinese | English. A model that extends another has the lines of that one too.
A test holds the list to the models: no key without a line, no line without a key.
"""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel

from ..errors import Text

_LINES = """\
Procedure.procedure 流程的名字，别的文件用它指这个流程 | name of the procedure, by which other files mean it
Procedure.about 这个流程为了什么、管哪些事，写进管理制度的开头 | what the procedure is for and where it holds: the first words of its chapter in the rule book
Procedure.number 工单编号的格式，须有 {seq} | pattern of the cases' numbers; needs {seq}
Procedure.calendar 期限按哪个日历算 | the calendar by which limits are counted
Procedure.fields 工单记录哪些内容 | what a case holds
Procedure.sla 时限：从何时到何时，多久之内，到点做什么 | promises: from when to when, within how long, and what happens on the way
Procedure.ladders 升级阶梯：没有人确认就逐级往上报 | escalation by levels, while nobody acknowledges
Procedure.reopen 办结以后怎样重新开启 | how a closed case may begin again
Procedure.modes 同一流程的另一种办法，如演练 | another way to run the same procedure, such as a drill
Procedure.urgency 通知有多急：urgent 不等，normal 等到可打扰的时间，low 随汇总 | how long its messages may wait: urgent, normal, low
Procedure.purpose 通知客户之前须得到哪项同意 | what a customer has to agree to before they are told anything
Procedure.open_by 谁可以建单 | who may open a case
Procedure.conflicts 谁须回避：这些字段里的人不能办 | fields of type staff: whoever they name has no hand in the case
Procedure.four_eyes 每一组里的动作不能由同一个人做 | of each list of actions nobody takes two
Procedure.visible_to 不经手的人里只有这些角色看得到 | of those who have no hand in a case only these roles see it
Procedure.on_assign 人工指定责任人时做什么 | done when somebody is made responsible by hand
Procedure.retention 办结以后个人信息保存多久 | for how long after the closing personal data is kept
Procedure.on_merge 并入别的工单时做什么 | done when the case goes on in another one
Procedure.duplicates 怎样算可能是同一件事 | when two open cases may be the same matter
Procedure.undo 自己刚办的一步多久以内可以撤回 | how long somebody may take back what he did last
Procedure.properties 对每个工单都应成立的话，由 guanjia prove 证明 | what is to be so of every case; guanjia prove proves or refutes it
Property.always 每一步之后都成立 | holds after every step
Property.never 任何一步之后都不成立 | holds after no step
Property.edits 人工改字段时是否也要成立 | whether it has to hold where people change fields by hand
Procedure.counts 同类工单有多少个 | cases that are alike, counted
Count.same 哪些字段相同才算同类 | the fields whose values are the same
Count.within 多久以内的 | opened within so long
Count.where 只算满足条件的 | only cases of which this holds
Count.at 达到几个时做什么，做一次 | what is done, once, when there are so many
Procedure.registries 各台账的列（程序填写） | the columns of registries; filled in
Procedure.labels 人看到的名称，中文和英文 | what people read instead of names, in Chinese and English
State.initial 从哪个下级状态开始 | the state inside in which it begins
State.states 下级状态，一个接一个 | states inside, one after the other
State.tracks 并行线，同时进行 | tracks, which go on together
State.final 到此结束 | the case ends here
State.outcome 结束时的结果 | how it ended
State.history 回到离开时所在的下级状态 | leads back to where it was left
State.default 还没有历史时到哪里 | where a history leads when there is none yet
State.entry 进入时做什么 | done on entering
State.exit 离开时做什么 | done on leaving
State.transitions 人可以办的动作 | actions that people take
State.signals 别的系统或工单发来的信号 | signals from other systems or cases
State.after 到时间自动发生的事 | what time brings about by itself
State.always 条件一成立就自动转入 | taken by itself as soon as its condition holds
State.breach 某个时限超时的时候 | taken when a clock is late
Effect.when 满足这个条件才做 | only where this holds
Effect.notify 发通知：模板: 收件人 | send a message: template: recipients
Effect.assign 指定责任人 | make somebody responsible
Effect.escalate 向上报告，或启动升级阶梯 | tell a higher level, or begin a ladder
Effect.set 给字段赋值 | set fields
Effect.extend 给时限加时间 | give a clock more time
Effect.open 另开一个流程的下级工单 | open a case of another procedure below this one
Effect.emit 发信号给自己、上级或下级工单 | send a signal to this case, its parent or a child
Effect.log 在经过里记一行 | a line in the history
Recipients.to 告诉谁：角色、team:班组、staff:编号、assignee、customer 等 | who is told: roles, team:, staff:, assignee, customer and so on
Recipients.channel 只用这些渠道 | by these channels only
Recipients.with 另给模板的值 | more values for the template
Recipients.urgency 这条通知有多急 | how long this message may wait
Assign.role 从这个角色里选 | one of this role
Assign.team 从这个班组里选 | one of this team
Assign.person 就是这个人（表达式） | this very person, by expression
Assign.choose 怎样选：手上最少、轮流等 | how one is chosen: least_loaded, round_robin and so on
Assign.skill 要会什么 | what he must be able to do
Assign.speaks 最好会说的语言 | the language that he had better speak
Escalate.to 向谁报告 | who is told
Escalate.template 用哪个模板 | the template of the message
Escalate.ladder 启动哪个升级阶梯 | the ladder that begins
Extend.by 加多少 | how much more
Extend.from 从期限往后加，还是从开始重算 | counted on from the due instant, or anew from the start
Open.as 下级工单在这里叫什么 | what the child is called here
Open.households 给哪些楼栋、单元、房号的每一户各开一个 | one for each household of these buildings, units or rooms
Open.wait 是否等它办结 | whether this case waits until it is closed
Open.with 给下级工单的字段 | fields of the child
Emit.signal 什么信号 | which signal
Emit.to 发给 self、parent、children 或某个下级工单 | to self, parent, children or a child by name
Branch.to 转到哪个状态；不写则不动 | the state that it leads to; without it the case stays
Branch.guard 条件；可以用自己的话说明拒绝的原因 | the condition, with your own words for the refusal
Branch.by 谁可以办：角色、assignee、customer、agent for customer 等 | who may: roles, assignee, customer, agent for customer and so on
Branch.not_by 做过这些动作的人不能办（四眼） | whoever took one of these actions last may not
Branch.require 哪些字段须有值 | fields that must have a value
Branch.input 办理时要填什么 | what is asked for
Branch.at_most 最多几次 | how often at most
Branch.do 做什么 | what is done
Branch.reenter 即使已在其中也重新进入 | enter again, even where it is in that state already
Branch.undo 多久以内可以撤回；never 不能 | how long it may be taken back; never: not at all
Reopen.within 办结以后多久以内可以重开 | for how long after the closing
Guard.that 条件 | the condition
Guard.else 不成立时对人说的话 | what people are told when it does not hold
Labelled.zh 中文 | in Chinese
Labelled.en 英文 | in English
Field.type 类型 | the type
Field.of 可选的值；entry 写哪一本台账 | the values of a choice or list; of an entry the registry
Field.required 建单时必填 | needed to open a case
Field.default 默认值 | the value where none is given
Field.min 最小；文字则为最短 | the least value, or the least length
Field.max 最大；文字则为最长 | the greatest value, or length
Field.pattern 文字须符合的格式 | what a text must look like
Field.personal 个人信息：加密保存，平时只显示一部分 | personal: sealed at rest and mostly masked
Field.sensitive 敏感个人信息：有权限和原因才能看 | sensitive: seen with a right and a reason only
Field.retention 办结以后保存多久 | for how long after the closing it is kept
Field.read 谁可以看 | who sees it
Field.write 谁可以填 | who may give it
Delay.delay 进入之后多久 | how long after entering
Delay.at 在哪一刻（字段或表达式） | at which instant, by a field or an expression
Delay.every 每隔多久 | again and again, so often
Delay.calendar 按哪个日历算 | by which calendar
Delay.counting 怎样计日 | how days are counted
Delay.branches 几种去向，取第一个成立的 | several ways, of which the first that holds is taken
Counting.like 现成的计法 | a ready-made way
Counting.first_day 首日是否计入 | whether the first day counts
Counting.pause_day 暂停那天是否计入 | whether the day of a pause counts
Counting.resume_day 恢复那天是否计入 | whether the day of going on counts
Counting.roll_over 末日是休息日是否顺延 | whether a last day of rest rolls over
Counting.ends 末日到午夜还是下班为止 | whether the last day ends at midnight or at closing time
Sla.kind 对客户（sla）、内部（ola）或供应商（uc） | towards customers (sla), among us (ola), of suppliers (uc)
Sla.start 什么让它开始计时 | what starts the clock
Sla.pause 什么让它暂停 | what pauses it
Sla.resume 什么让它继续 | what lets it go on
Sla.stop 什么算完成 | what keeps the promise
Sla.cancel 什么让它作废 | what makes it void
Sla.reset 什么让它从头再来 | what begins it anew
Sla.runs_in 只在这些状态里计时 | runs in these states only
Sla.from 从哪里起算 | where counting begins
Sla.calendar 按哪个日历算 | by which calendar
Sla.target 多久之内；取第一个成立的 | within how long; the first that holds counts
Sla.at 各个时点做什么：80%、due、due + 30m | what happens at 80%, due, due + 30m
Sla.on_change 条件变了怎么算：keep、carry、restart | what becomes of it when the target changes
Sla.on_reopen 重开以后怎么算：new、resume、closed | what becomes of it when the case is reopened
Sla.manual 能否人工暂停、恢复、重置 | whether people may pause, resume and reset it
Sla.pausable 能否暂停；法定时限写 false | whether it may be paused; false for a statutory limit
Target.guard 满足这个条件才用它 | only where this holds
Target.within 多久之内 | within how long
Target.then 之后再加多久，不分昼夜 | so much more, around the clock
Target.until 到哪一刻（表达式） | until an instant, by expression
Target.earliest 几个之中最早的 | the earliest of several
Target.calendar 按哪个日历算 | by which calendar
Target.counting 怎样计日 | how days are counted
Ladder.calendar 等待按哪个日历算 | by which calendar the waits run
Ladder.template 用哪个模板 | the template of its messages
Ladder.urgency 它的通知有多急 | how long its messages may wait
Ladder.acknowledge 哪些动作或信号算已有人确认 | actions and signals that count as an acknowledgement
Ladder.catch_up 补发时逐级说还是合成一条 | what was missed is told level by level, or as one message
Ladder.levels 各级 | its levels
Ladder.alarm 最后一级之后多久没有人确认就告警 | how long after the last level there is an alarm
Level.to 告诉谁 | who is told
Level.wait 上一级之后等多久 | how long after the level before
Mode.prefix 加在每条文字前面 | in front of every text
Mode.outside 对外的通知照发（send）还是只记录（record） | whether people outside are told, or it is only recorded
Retention.after 多久 | for how long
Retention.basis 依据 | on what ground
Duplicates.within 相隔多久以内 | opened within this time
Duplicates.same 哪些字段相同 | with the same values of these
Office.name 办公室的名字 | name of the office
Office.site 项目的名字 | the site
Office.zone 时区 | time zone
Office.language 不知道用什么语言时用哪种 | the language of people of whom nothing else is known
Office.phone 电话，模板里可以写 | telephone, for templates
Office.database 数据库：文件名，或 postgresql://… | database: a file, or postgresql://…
Office.channels 用哪些渠道发通知 | the channels by which people are told
Office.quiet 什么时候不打扰人 | when people are left in peace
Office.schedules 定时开单 | cases that are opened again and again
Office.publishing 改了的流程须发布才生效 | edited procedures wait until they are published
Office.alarm 升级到顶没有人确认时告诉谁 | who is told when nobody acknowledges the last level
Channels.console 打印到终端 | print to the terminal
Channels.file 写成文件 | write files
Channels.mail 发邮件 | send mail
Files.folder 哪个文件夹 | which folder
Mail.host 邮件服务器 | the mail server
Mail.port 端口 | port
Mail.security 加密方式 | how the connection is secured
Mail.user 账号 | user
Mail.password_env 密码在哪个环境变量里 | the environment variable that holds the password
Mail.sender 发件人 | the sender
Mail.timeout 等多少秒 | seconds to wait
Quiet.customers 客户按哪个日历可以打扰 | the calendar in whose open time customers may be told
Quiet.staff 员工按哪个日历可以打扰 | the same for staff
Schedule.open 开哪个流程的工单 | the procedure of which a case is opened
Schedule.cron 何时：分 时 日 月 周 | when: minute hour day month weekday
Schedule.with 字段的值 | values of its fields
Schedule.catch_up 漏开的怎么办 | what becomes of openings that were missed
Schedule.calendar 按哪个日历的工作日 | whose working days count
Schedule.on_closed 遇休息日顺延（next）、提前（previous）还是跳过（skip） | on a day of rest: the next working day, the one before, or skip
Schedule.every 每隔多久：15 days、6 months，或台账里写天数的列 | how often: 15 days, 6 months, or a column that says how many days
Schedule.from 从哪一天起：日期，或台账里的列 | the first planned day: a date, or a column
Schedule.on 台账里写日期的列 | a column with a date
Schedule.before 提前多久 | so long before that date
Schedule.at 计划日的几点 | the time of a planned day
Schedule.each 台账：每一行开一个工单 | a registry: one case for each of its rows
Schedule.where 只管满足条件的行 | only rows of which this holds
Schedule.planned 哪个字段记下计划的日期 | the field that takes when it was planned for
Publishing.by 谁可以发布和批准 | who publishes and approves
Publishing.approval 要不要第二个人批准 | whether a second person has to approve
Organisation.roles 角色 | roles
Organisation.sites 项目 | sites
Organisation.teams 班组 | teams
Organisation.skills 技能 | skills
Organisation.shifts 班次 | shifts
Organisation.systems 别的系统 | other systems
Organisation.staff 员工 | staff
Role.label 名称 | what people call it
Role.rights 流程之外的权限 | what it may do beyond what procedures say
Role.sees 看得到哪些工单 | which cases it sees
Role.outside 是外部单位，演练时不通知 | not of our staff; a drill never reaches them
Role.parent 上级角色 | the role above, where escalation goes next
Site.label 名称 | what people call it
Site.buildings 楼栋 | its buildings
Building.label 名称 | what people call it
Building.units 几个单元，或各单元的名称 | how many units, or their names
Building.floors 几层，或哪些楼层 | how many floors, or which
Building.rooms 每层几户；没有楼层时写房号 | how many rooms a floor has; without floors the numbers of the rooms
Building.also 另外还有哪些房号 | rooms that are there besides
Building.without 没有哪些房号 | rooms that are not there
Team.label 名称 | what people call it
Team.lead 组长 | who answers for it
Skill.label 名称 | what people call it
Skill.certificate 是否须有证书 | whether it needs a certificate
Shift.label 名称 | what people call it
Shift.hours 时段，如 22:00-06:00 | windows, such as 22:00-06:00
Shift.days 哪些日子有这一班 | on which days it is worked
Shift.calendar 按哪个日历的工作日 | whose working days
Shift.least 至少几个人 | how many people it needs
Shift.on_call 在家待命 | at home, to be called
System.label 名称 | what people call it
System.roles 它的角色 | what it may do and see
System.sites 负责的项目 | the sites that it serves
System.token_sha256 令牌的摘要 | the digest of its token
Person.name 姓名 | name
Person.roles 角色 | roles
Person.language 用哪种语言通知 | the language in which they are told
Person.languages 会说的语言 | languages that they speak
Person.mail 邮箱 | mail address
Person.phone 电话 | telephone
Person.users 操作系统的用户名 | names at the operating system
Person.sites 负责的项目 | sites that they serve
Person.buildings 负责的楼栋 | buildings that are theirs
Person.customer 本人的客户编号（也住在这里时） | their id in the register of customers, where they live here too
Person.team 班组 | team
Person.skills 技能 | skills
Person.certificates 证书和有效期 | certificates, with the last day on which each is good
Person.substitute 谁替班 | who stands in
Person.leave 请假 | days off
Person.active 在职；离职写 false | false: has left
Person.on_duty 没有排班时算不算在岗 | whether on duty where nobody rosters them
Leave.on 哪些日子 | which days
Leave.reason 事由 | why
Roster.roster 排班 | who works when
Rostered.shift 班次 | the shift
Rostered.staff 谁 | who
Rostered.on 哪些日子 | on which days
Stories.stories 情景 | the stories
Stories.procedure 是哪个流程的 | of which procedure
Story.story 说的是什么 | what it claims
Story.at 从哪一刻开始 | when it begins
Story.residents 客户资料里有谁，按情景里的名字 | whom the register of customers knows, by a name for this story
Resident.room 住哪个房号 | the rooms that are theirs
Resident.name 姓名 | name
Resident.relation 与房屋的关系 | what they are to the room
Resident.language 用哪种语言通知 | the language in which they are told
Resident.phone 电话 | telephone
Resident.mail 邮箱 | mail address
Story.open 怎样建单 | how the case is opened
Story.steps 一步一步 | step by step
Opening.by 谁建单 | who opens it
Opening.mode 哪种模式 | in which mode
Opening.customer 是哪个客户的 | whose it is
Opening.with 填什么 | its values
Moment.when 办一个动作 | somebody takes an action
Moment.signal 来了信号 | a signal comes
Moment.edit 修改字段 | fields are changed
Moment.assign 指定责任人 | somebody is made responsible
Moment.ack 谁确认升级 | who acknowledges the escalation
Moment.pause 人工暂停时限 | a clock is paused by hand
Moment.resume 人工恢复时限 | a clock goes on by hand
Moment.reset 人工重置时限 | a clock is reset by hand
Moment.also 另一个工单，在情景里的名字 | another case, by a name for this story
Moment.procedure 它的流程 | its procedure
Moment.customer 它的客户 | whose it is
Moment.merge 并入哪个工单 | the case that this one goes on in
Moment.below 归到哪个工单之下 | the case below which it is put
Moment.in 发生在哪个工单上 | the case to which it happens
Moment.after 过了多久 | time that passes
Moment.until 到哪一刻 | until when time passes
Moment.then 这时应当怎样 | what must then be true
Moment.by 谁 | who
Moment.with 填什么 | with which values
Moment.refused 应当被拒绝，原因的代码 | the code with which it must be refused
Then.state 在哪个状态 | the state
Then.not_state 不在哪个状态 | not in this state
Then.clocks 时限怎样 | its clocks
Then.ladders 升级到哪一级 | its ladders
Then.notified 上次以来通知了谁 | who was told since the last `then`
Then.not_notified 没有发过哪些通知 | what was not sent
Then.fields 字段的值 | values of fields
Then.assignee 责任人 | who is responsible
Then.outcome 结果 | how it ended
Then.closed 是否办结 | whether it is closed
Then.children 下级工单 | its children
Then.others 别的工单怎样 | what holds of other cases
Property.leads_to 出现这种情况，多久之内必有那种情况 | whenever one thing holds, another follows within so long
LeadsTo.from 出现什么情况 | whenever this holds
LeadsTo.to 必有什么情况 | this follows
LeadsTo.within 多久之内 | within how long
LeadsTo.calendar 按哪个日历算 | by which calendar
Delay.standard 多久由哪项服务标准定 | the standard that says how long
Target.standard 时限由哪项服务标准定 | the standard whose limit this is
Target.overlay 由哪份附加规定定（程序填写） | the overlay that sets it; filled in
Office.overlays 附加规定：overlays/ 里的哪些文件在这里适用 | which files of overlays/ hold here
Limit.within 多久之内 | within how long
Limit.then 之后再加多久，不分昼夜 | so much more, around the clock
Limit.calendar 按哪个日历算 | by which calendar
Limit.counting 怎样计日 | how days are counted
Limit.basis 依据：法规、标准、合同、本公司 | what it rests upon: law, standard, contract, company
Limit.source 写在哪里：哪部法规、第几条 | where it is written: the text and its article
Limit.verified 有人查证过原文 | whether somebody has seen it there
Standard.item 承诺的事项 | what is promised
Standard.at_least 至少达到的比例，如 95% | a share that is to be reached, such as 95%
Standard.pledged 是否写进对业主的承诺 | whether residents read it among the pledges
Standards.standards 各项服务标准 | the standards of the office
Overlay.overlay 附加规定的名字 | name of the overlay
Overlay.limits 它规定的时限 | the limits that it sets
Shape.key 哪一列是编号 | the column that names a row
Shape.columns 有哪些列，各是什么类型 | the columns, each with its type
Shape.labels 台账、各列和各选项叫什么，中文和英文 | what people call the registry, its columns and choices
RegistryFile.registry 台账的名字，与文件名一样 | name of the registry, as the file is called
RegistryFile.version 这一版叫什么，如 2026-1 | how this edition of it is called, such as 2026-1
RegistryFile.rows 各行；也可写在旁边同名的 .csv 里 | the rows; they may stand in a .csv of the same name beside it
File.include 合入几个流程共用的片段 | merge a fragment that several procedures share
File.parameters 片段的参数和默认值 | parameters of the fragment, with their defaults
Clauses.clauses 管理制度的条款，按编号 | the clauses of the rule book, by their numbers
Clause.clause 要求什么 | what is demanded
Clause.source 出自哪里 | where it stands
Clause.check 怎么看出做到了没有 | how somebody sees whether it is kept
Clause.done_by 由什么执行：流程、时限、字段、报表、命令等 | what carries it out: procedures, clocks, fields, reports, commands
Clause.stories 由哪些情景证明：流程: 情景 | the stories that prove it: procedure: stories
Clause.tests 由程序的哪些测试证明 | the program's tests that prove it
Calendar.zone 时区 | time zone
Calendar.always 全天 | around the clock
Calendar.week 每周的上班时间 | working time of the week
Calendar.workday_hours 调休上班日的时间 | hours of extra working days
Calendar.holidays 放假的日子 | days off
Calendar.workdays 调休上班的日子 | extra working days
Calendar.short_days 提早下班的日子 | days with other hours
Calendar.published 哪些年份已公布 | the years that are published
Calendar.extends 以哪些日历为基础 | the calendars that it builds on
Calendar.counting 怎样计日 | how days are counted
"""


@cache
def keys() -> dict[str, Text]:
    """`Model.key` -> what it means."""
    found = {}
    for line in _LINES.splitlines():
        name, _, words = line.partition(" ")
        zh, _, en = words.partition(" | ")
        found[name] = Text(zh, en)
    return found


def meaning(model: type[BaseModel], key: str) -> Text | None:
    """What a key of a model means; None where nobody said it."""
    named = (keys().get(f"{each.__name__}.{key}") for each in model.__mro__)
    return next((text for text in named if text is not None), None)
