"""What a document would cost to validate and to run, measured before either.

One pass over the syntax tree, each fragment once: linear in the document whatever its fragments spread, so
that it may run before graphql-core's validation, some of whose rules take quadratic time or worse.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from schema.failures import Failure, FailureCode
from schema.requests.sizes import input_count, items, sizes

CREDENTIAL_FIELDS = frozenset({"logIn", "signUpClient", "signUpCompany", "changePassword", "deleteAccount"})
INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})
# What looks an instant up, or adds up a whole history, however long.
READING_COSTS = {"balanceAt": 20, "statement": 20, "totals": 200, "byKind": 200, "totalCount": 20}
# A filter may look through a whole history for one page.
FILTER_COST = 200
# What the outcome of one of many inputs may cost before it counts: an input is worth an answer, not pages.
OUTCOME_ALLOWANCE = 100


@dataclass(frozen=True, slots=True)
class CostLimits:
    """The most a document may hold, and the most that one of its operations may cost.

    `fields_max` counts fields and spreads with every fragment written out; `cost_max` multiplies fields by
    the items of the lists they stand in; `inputs_max` bounds what its mutations of many take together.
    `overlaps_max` bounds the pairs of fields that answer under one key at one place, which is what graphql-core's
    quadratic rule compares. A page of 100 history entries with all they hold costs about 4,000; GraphiQL's
    introspection query has 15 levels.
    """

    depth_max: int = 15
    nesting_max: int = 60
    fields_max: int = 1_000
    cost_max: int = 10_000
    selections_max: int = 1_000
    aliases_max: int = 100
    directives_max: int = 50
    definitions_max: int = 100
    overlaps_max: int = 2_000
    introspections_max: int = 2
    inputs_max: int = 1_000


LIMITS = CostLimits()


class Cost(NamedTuple):
    """What a selection set costs, fragments included. `credentials`: fields that check or set a password.

    `inputs`: what mutations of many take. `has_pages`: whether there are pages in it. `has_variable_pages`: whether
    it depends on variables, by the size of a page or the number of inputs.
    """

    total: int
    depth: int
    fields: int
    credentials: int
    inputs: int = 0
    has_pages: bool = False
    has_variable_pages: bool = False


FREE = Cost(0, 0, 0, 0)


class CostRule:
    """Measures documents against one schema. Built once; keeps nothing of the documents."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool = True) -> None:
        self._schema = schema
        self._introspection = introspection

    def measure(self, document: DocumentNode) -> dict[OperationDefinitionNode, Cost]:
        """The cost of each operation. Raises Failure (BAD_USER_INPUT) where one or the whole is too much.

        Pages and lists of inputs that are variables count with the smallest that they could be; an operation that
        `has_variable_pages` is to be measured again, with its variables.
        """
        if len(document.definitions) > LIMITS.definitions_max:
            raise too_much("definitions", LIMITS.definitions_max)
        measure = _Measure(self._schema, document, None, introspection=self._introspection)
        for name in measure.fragments:
            measure.fragment(name)
        costs: dict[OperationDefinitionNode, Cost] = {}
        for definition in document.definitions:
            if isinstance(definition, ExecutableDefinitionNode):
                measure.count_directives(len(definition.directives or ()))
            if isinstance(definition, OperationDefinitionNode):
                costs[definition] = self._operation(measure, definition)
        return costs

    def measure_with(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, object]
    ) -> Cost:
        """The cost of one operation with its coerced variables. Raises Failure where it is too much."""
        measure = _Measure(self._schema, document, variables, introspection=self._introspection)
        return self._operation(measure, operation)

    def _operation(self, measure: "_Measure", operation: OperationDefinitionNode) -> Cost:
        root = self._schema.get_root_type(operation.operation)
        cost = measure.selection_set(operation.selection_set, root)
        if cost.depth > LIMITS.depth_max:
            raise too_much("levels of fields", LIMITS.depth_max)
        if cost.fields > LIMITS.fields_max:
            raise too_much("fields, fragments written out", LIMITS.fields_max)
        if cost.inputs > LIMITS.inputs_max:
            raise Failure(FailureCode.BAD_USER_INPUT, f"At most {LIMITS.inputs_max} inputs in one request.")
        if cost.total > LIMITS.cost_max:
            raise Failure(
                FailureCode.BAD_USER_INPUT,
                f"The operation may cost {cost.total}, more than {LIMITS.cost_max}: ask for fewer fields or,"
                " by `first` or `last`, for smaller pages.",
            )
        if measure.overlaps([operation.selection_set]) > LIMITS.overlaps_max:
            raise too_much("pairs of fields under one name", LIMITS.overlaps_max)
        return cost


def too_much(what: str, most: int) -> Failure:
    """The refusal of a document that holds too much of something."""
    return Failure(FailureCode.BAD_USER_INPUT, f"The document has more than {most} {what}.")


class _Measure:
    """The state of measuring one document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        variables: Mapping[str, object] | None,
        *,
        introspection: bool,
    ) -> None:
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._schema = schema
        self._variables = variables
        self._introspection = introspection
        self._measured: dict[str, Cost] = {}
        self._under_way: set[str] = set()
        self._nesting = 0
        self._selections = 0
        self._aliases = 0
        self._directives = 0
        self._introspections = 0

    def fragment(self, name: str) -> Cost:
        """The cost of a fragment, measured the first time it is met. An unknown one is left to validation."""
        measured = self._measured.get(name)
        if measured is not None:
            return measured
        definition = self.fragments.get(name)
        if definition is None:
            return FREE
        if name in self._under_way:
            raise Failure(FailureCode.BAD_USER_INPUT, f"The fragment '{name}' spreads itself.")
        self._under_way.add(name)
        parent = self._schema.get_type(definition.type_condition.name.value)
        cost = self.selection_set(definition.selection_set, parent)
        self._measured[name] = cost
        return cost

    def selection_set(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None) -> Cost:
        self._nesting += 1
        if self._nesting > LIMITS.nesting_max:
            raise too_much("levels of braces and fragments", LIMITS.nesting_max)
        total = depth = fields = credentials = inputs = 0
        has_pages = has_variable_pages = False
        for selection in selection_set.selections:
            self._count(selection)
            cost = self._selection(selection, parent)
            total += cost.total
            depth = max(depth, cost.depth)
            fields += cost.fields
            credentials += cost.credentials
            inputs += cost.inputs
            has_pages |= cost.has_pages
            has_variable_pages |= cost.has_variable_pages
        self._nesting -= 1
        return Cost(total, depth, fields, credentials, inputs, has_pages, has_variable_pages)

    def overlaps(self, selection_sets: list[SelectionSetNode]) -> int:
        """How many pairs of fields meet under one response key. Bounded: the fields were counted before."""
        meeting: dict[str, list[FieldNode]] = defaultdict(list)
        self._gather(selection_sets, meeting, set())
        pairs = 0
        for fields in meeting.values():
            pairs += len(fields) * (len(fields) - 1) // 2
            below = [field.selection_set for field in fields if field.selection_set]
            if below:
                pairs += self.overlaps(below)
        return pairs

    def _gather(
        self, selection_sets: list[SelectionSetNode], meeting: dict[str, list[FieldNode]], spread: set[str]
    ) -> None:
        for selection_set in selection_sets:
            for selection in selection_set.selections:
                if isinstance(selection, FieldNode):
                    meeting[(selection.alias or selection.name).value].append(selection)
                elif isinstance(selection, InlineFragmentNode):
                    self._gather([selection.selection_set], meeting, spread)
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                    spread.add(selection.name.value)
                    fragment = self.fragments.get(selection.name.value)
                    if fragment:
                        self._gather([fragment.selection_set], meeting, spread)

    def count_directives(self, directives: int) -> None:
        self._directives += directives
        if self._directives > LIMITS.directives_max:
            raise too_much("directives", LIMITS.directives_max)

    def _count_introspection(self) -> None:
        if not self._introspection:
            raise Failure(FailureCode.BAD_USER_INPUT, "Introspection is switched off.")
        self._introspections += 1
        if self._introspections > LIMITS.introspections_max:
            raise too_much("introspections", LIMITS.introspections_max)

    def _count(self, selection: SelectionNode) -> None:
        self._selections += 1
        if self._selections > LIMITS.selections_max:
            raise too_much("selections", LIMITS.selections_max)
        if selection.directives:
            self.count_directives(len(selection.directives))
        if isinstance(selection, FieldNode) and selection.alias:
            self._aliases += 1
            if self._aliases > LIMITS.aliases_max:
                raise too_much("aliases", LIMITS.aliases_max)

    def _selection(self, selection: SelectionNode, parent: GraphQLNamedType | None) -> Cost:
        if isinstance(selection, FieldNode):
            return self._field(selection, parent)
        if isinstance(selection, FragmentSpreadNode):
            cost = self.fragment(selection.name.value)
        else:
            assert isinstance(selection, InlineFragmentNode)
            if selection.type_condition:
                parent = self._schema.get_type(selection.type_condition.name.value)
            cost = self.selection_set(selection.selection_set, parent)
        # The spread itself counts, or fragments of nothing but spreads would be walked for free.
        return cost._replace(fields=cost.fields + 1)

    def _field(self, field: FieldNode, parent: GraphQLNamedType | None) -> Cost:
        name = field.name.value
        if name in INTROSPECTION_FIELDS:
            self._count_introspection()
        definition = (
            self._schema.get_field(parent, name)
            if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
            else None
        )
        credentials = int(name in CREDENTIAL_FIELDS and parent is self._schema.mutation_type)
        own = READING_COSTS.get(name, 1)
        if any(argument.name.value == "filter" for argument in field.arguments or ()):
            own += FILTER_COST
        if not field.selection_set:
            return Cost(own, 1, 1, credentials)
        below = self.selection_set(
            field.selection_set, get_named_type(definition.type) if definition else None
        )
        arguments = {} if definition is None else definition.args
        inputs = 0
        if "inputs" in arguments:
            inputs = input_count(field, self._variables)
            outcome = below.total if below.has_pages else max(1, below.total - OUTCOME_ALLOWANCE)
            total = inputs * outcome
        else:
            total = items(field, definition, parent, self._variables) * below.total
        return Cost(
            own + total,
            1 + below.depth,
            1 + below.fields,
            credentials + below.credentials,
            inputs + below.inputs,
            below.has_pages or "first" in arguments,
            below.has_variable_pages or any(isinstance(size, VariableNode) for size in sizes(field)),
        )
