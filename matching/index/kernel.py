"""The loops that touch every posting, compiled by numba (cached, so that only the first start of all compiles).

Each function says what it computes; tests hold them against ``matching.index.reference``, the same in plain numpy.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float32]
Ids = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

Masks = npt.NDArray[np.uint8]

CHUNK = 128
FEW = 32
"""Rows that are looked at together before any one of them is: where few are wanted, and where some are."""
GRID = 2.0**40
"""Relevances lie on a grid of 2^-40, so that their sums do not depend on the order."""
ROOM = 64
LIVES = np.iinfo(np.int64).max
"""When a firm dies that is alive."""


@njit(cache=True, nogil=True)
def place_of(columns: Ids, column: int) -> int:
    """Where a column stands in an ascending array, or -1."""
    low, high = 0, len(columns)
    while low < high:
        middle = (low + high) >> 1
        if columns[middle] < column:
            low = middle + 1
        else:
            high = middle
    return low if low < len(columns) and columns[low] == column else -1


@njit(cache=True, nogil=True)
def chunk_maxima(sums: Weights, maxima: Weights, width: int) -> None:
    """The largest of each ``width`` of sums, which are not negative.

    Positive floats are ordered as their bits are, and whole numbers are compared in the processor's wide registers; so
    they are only while the compiler does not know the width.
    """
    bits, largest = sums.view(np.int32), maxima.view(np.int32)
    for chunk in range(len(maxima)):
        part = bits[chunk * width : (chunk + 1) * width]
        most = np.int32(0)
        for at in range(len(part)):
            most = max(most, part[at])
        largest[chunk] = most


@njit(cache=True, nogil=True)
def inserted(values: Weights, count: int, value: float) -> int:
    """Makes room for a value in descending ones, of which there are ``count``, after its equals; its place."""
    at = min(count, len(values) - 1)
    while at > 0 and values[at - 1] < value:
        values[at] = values[at - 1]
        at -= 1
    values[at] = value
    return at


@njit(cache=True, nogil=True)
def accumulate(
    asked: Places, weights: Weights, columns: Ids, starts: Ints, rows: Ids, values: Weights, sums: Weights
) -> None:
    """Adds a query's dot product with every row to ``sums``, one a row; the other arguments as in ``top_rows``."""
    for at in range(len(asked)):
        place = place_of(columns, asked[at])
        if place >= 0:
            weight = weights[at]
            with_column = rows[starts[place] : starts[place + 1]]
            their_weights = values[starts[place] : starts[place + 1]]
            for posting in range(len(with_column)):
                sums[with_column[posting]] += weight * their_weights[posting]


@njit(cache=True, nogil=True)
def largest(sums: Weights, best_rows: Ints, best_sums: Weights) -> int:
    """The rows with the largest sums above 0, best first, ties by row; how many there are.

    The least of the largest chunks' maxima is a floor, since each of those chunks has a row that reaches it.
    """
    maxima = np.empty((len(sums) + CHUNK - 1) // CHUNK, dtype=np.float32)
    chunk_maxima(sums, maxima, CHUNK)
    count, limit = 0, len(best_rows)
    for chunk in range(len(maxima)):
        if maxima[chunk] > 0.0 and (count < limit or maxima[chunk] > best_sums[limit - 1]):
            inserted(best_sums, count, maxima[chunk])
            count = min(count + 1, limit)
    least = best_sums[limit - 1] if count == limit else np.float32(0.0)
    count = 0
    for chunk in range(len(maxima)):
        if maxima[chunk] < least or maxima[chunk] <= 0.0:
            continue
        for row in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(sums))):
            value = sums[row]
            if value >= least and value > 0.0 and (count < limit or value > best_sums[limit - 1]):
                at = inserted(best_sums, count, value)
                for place in range(min(count, limit - 1), at, -1):
                    best_rows[place] = best_rows[place - 1]
                best_rows[at] = row
                count = min(count + 1, limit)
    return count


@njit(cache=True, nogil=True)
def top_rows(
    asked: Places,
    weights: Weights,
    columns: Ids,
    starts: Ints,
    rows: Ids,
    values: Weights,
    sums: Weights,
    best_rows: Ints,
    best_sums: Weights,
) -> int:
    """The rows with the largest dot products above 0, best first, ties by row; how many there are.

    One pass accumulates the query's postings, one picks and leaves ``sums`` as it was.

    Args:
        asked: the query's columns.
        weights: the query's weights.
        columns: the columns in use, ascending.
        starts: where each column's postings begin, and the end.
        rows: the postings' rows.
        values: the postings' weights.
        sums: one a row, all 0.
        best_rows: out, room for as many rows as are wanted.
        best_sums: out, as long; what their sums are.
    """
    accumulate(asked, weights, columns, starts, rows, values, sums)
    count = largest(sums, best_rows, best_sums)
    sums[:] = 0.0
    return count


@njit(cache=True, nogil=True)
def top_rows_of_each(
    query_starts: Ints,
    asked: Places,
    weights: Weights,
    columns: Ids,
    starts: Ints,
    rows: Ids,
    values: Weights,
    sums: Weights,
    best_rows: Ints,
    best_sums: Weights,
) -> None:
    """``top_rows`` of many queries; the outs are queries × limit, -1 and 0 where none is left."""
    for query in range(len(query_starts) - 1):
        begin, end = query_starts[query], query_starts[query + 1]
        count = top_rows(
            asked[begin:end],
            weights[begin:end],
            columns,
            starts,
            rows,
            values,
            sums,
            best_rows[query],
            best_sums[query],
        )
        best_rows[query, count:] = -1
        best_sums[query, count:] = 0.0


@njit(cache=True, nogil=True)
def hear(
    ours: Ints,
    query_starts: Places,
    asked: Places,
    weights: Weights,
    fits: Weights,
    columns: Ids,
    starts: Ints,
    rows: Ids,
    values: Weights,
    kind_starts: Ints,
    sums: Weights,
    best: Weights,
    total: Weights,
) -> None:
    """Each row's best pair with any of some queries, and the sum of its pairs with them.

    Args:
        ours: the queries that count, at least one.
        query_starts: where each query's columns begin, and the end.
        asked: the queries' columns.
        weights: the queries' weights.
        fits: queries × kinds: what a product with a row of that kind counts, at most 1.
        columns: the columns in use, ascending.
        starts: where each column's postings begin, and the end.
        rows: the postings' rows.
        values: the postings' weights.
        kind_starts: where the rows of each kind begin, and the end.
        sums: one a row, all 0 before and after.
        best: out, one a row.
        total: out, one a row; empty where it is not wanted.
    """
    for at in range(len(ours)):
        query = ours[at]
        begin, end = query_starts[query], query_starts[query + 1]
        accumulate(asked[begin:end], weights[begin:end], columns, starts, rows, values, sums)
        for kind in range(len(kind_starts) - 1):
            fit = fits[query, kind]
            found = sums[kind_starts[kind] : kind_starts[kind + 1]]
            held = best[kind_starts[kind] : kind_starts[kind + 1]]
            if at == 0:
                for row in range(len(found)):
                    held[row] = found[row] * fit
            else:
                for row in range(len(found)):
                    value = found[row] * fit
                    held[row] = max(held[row], value)
            if len(total):
                added = total[kind_starts[kind] : kind_starts[kind + 1]]
                if at == 0:
                    added[:] = held
                else:
                    for row in range(len(found)):
                        added[row] += found[row] * fit
            found[:] = 0.0


@njit(cache=True, nogil=True)
def mark_above(best: Weights, maxima: Weights, least: np.float32, row_firms: Ids, marks: Masks, mark: int) -> None:
    """Marks the firms without a mark of which some row reaches ``least``, which is above 0."""
    for chunk in range(len(maxima)):
        if maxima[chunk] >= least:
            for row in range(chunk * FEW, min((chunk + 1) * FEW, len(best))):
                if best[row] >= least and marks[row_firms[row]] == 0:
                    marks[row_firms[row]] = mark


@njit(cache=True, nogil=True)
def ceilings(
    marks: Masks,
    marked: int,
    classes: Ids,
    hopeful: Bools,
    base: Weights,
    overlap: Weights,
    tables: npt.NDArray[np.float32],
    bonuses: npt.NDArray[np.float32],
    fitting: float,
    told: Masks,
    share: np.float32,
    mark: float,
    died: Ints,
    version: int,
    quotas: Ints,
    firsts: Ints,
    heard: Bools,
    our_needs: int,
    all_valid: bool,
    offer_starts: Ints,
    offer_rows: Ids,
    offers: Weights,
    totals: Weights,
    need_starts: Ints,
    need_rows: Ids,
    needs: Weights,
    places: Ids,
    values: Weights,
) -> int:
    """What the sum of both sides' log-odds can be at most, for living firms; how many there are.

    Of the firms of a class that have nothing to meet with us, only the first ones that are wanted are told, since
    they are all alike.

    Args:
        marks: one a firm.
        marked: only firms with this mark.
        classes: class of each firm.
        hopeful: of each class: whether its firms could matter.
        base: of each class: the sum of log-odds where no listings meet.
        overlap: of each class: how much of the field is common without listings.
        tables: 2 × directions × steps: what a relevance adds at most, by its place among the steps, and what it adds on
            top by making a field common; directions in the order of ``Meeting``: supplied, demanded, alike, fed,
            feeding.
        bonuses: directions of needs × terms: what a term of a fitting pair can add.
        fitting: from which relevance a pair fits.
        told: of each firm, a bit for each term and direction that some listing of its tells of.
        share: what the best pair counts in the mean of bests.
        mark: the least sum of log-odds that matters.
        died: the version at which each firm died.
        version: the version that is asked for.
        quotas: how many firms with nothing to meet are wanted of each class; used up afterwards.
        firsts: of each class: those only from this place on.
        heard: which directions were heard at all.
        our_needs: how many of our needs were heard.
        all_valid: whether no need of theirs has ended, so that their mean is known.
        offer_starts: where each firm's offers begin, and the end.
        offer_rows: their rows.
        offers: directions but demanded × offers: relevance of the best pair.
        totals: for each offer, the sum of its pairs with our needs; empty where we have one need at most.
        need_starts: where each firm's needs begin, and the end.
        need_rows: their rows.
        needs: relevance of the best pair, for each need.
        places: out, room for every firm: the firms, ascending.
        values: out, as long: their ceilings.
    """
    count = 0
    steps = tables.shape[2] - 1
    most_field = tables[1].max()
    words = marks[: len(marks) // 8 * 8].view(np.uint64)
    best, value_of = np.zeros(5, dtype=np.float32), np.zeros(5, dtype=np.float32)
    firm = -1
    while firm + 1 < len(marks):
        firm += 1
        if marked and firm % 8 == 0 and firm // 8 < len(words) and words[firm // 8] == 0:
            firm += 7
            continue
        if marks[firm] != marked:
            continue
        kind = classes[firm]
        if not hopeful[kind] or died[firm] <= version:
            continue
        best[:] = 0.0
        all_ours, all_theirs = np.float32(0.0), np.float32(0.0)
        for at in range(offer_starts[firm], offer_starts[firm + 1]):
            row = offer_rows[at]
            for way in range(4):
                best[way + (way > 0)] = max(best[way + (way > 0)], offers[way, row])
            if len(totals):
                all_ours += totals[row]
        for at in range(need_starts[firm], need_starts[firm + 1]):
            best[1] = max(best[1], needs[need_rows[at]])
            all_theirs += needs[need_rows[at]]
        value_of[:] = best
        if len(totals):
            value_of[0] = share * best[0] + (1 - share) * min(best[0], all_ours / our_needs)
        if all_valid and best[1] > 0.0:
            mean = all_theirs / (need_starts[firm + 1] - need_starts[firm])
            value_of[1] = share * best[1] + (1 - share) * mean
        value, field = base[kind], np.float32(0.0)
        silent = True
        for direction in range(5):
            if heard[direction] and best[direction] > 0.0:
                silent = False
                value += tables[0, direction, min(int(value_of[direction] * steps) + 1, steps)]
                field = max(field, tables[1, direction, min(int(best[direction] * steps) + 1, steps)])
                if direction < len(bonuses) and best[direction] >= fitting:
                    for term in range(bonuses.shape[1]):
                        if told[firm] & (1 << (2 * term + direction)):
                            value += bonuses[direction, term]
        value += max(np.float32(0.0), field - most_field * overlap[kind])
        if silent:
            if quotas[kind] <= 0 or firm < firsts[kind]:
                continue
            quotas[kind] -= 1
        if value >= mark:
            places[count] = firm
            values[count] = value
            count += 1
    return count


@njit(cache=True, nogil=True)
def products(
    column_starts: Ints,
    queries: Places,
    query_weights: Floats,
    bits: Masks,
    slots: Places,
    row_starts: Ints,
    columns: Places,
    weights: Weights,
    rows: Ints,
    out: Floats,
) -> None:
    """Dot products of some rows with all queries, in double precision, added up in the order of columns.

    Args:
        column_starts: where the queries of each column in use begin, and the end.
        queries: the queries with that column.
        query_weights: their weights.
        bits: a bit for each column, set for those of any query.
        slots: for each of those, its place in ``column_starts``; anything for others.
        row_starts: where each row's columns begin, and the end.
        columns: the rows' columns, ascending in a row.
        weights: the rows' weights.
        rows: the rows that are wanted.
        out: rows wanted × queries, all 0 before.
    """
    for at in range(len(rows)):
        row = rows[at]
        for term in range(row_starts[row], row_starts[row + 1]):
            column = columns[term]
            if bits[column >> 3] & (1 << (column & 7)):
                place = slots[column]
                for entry in range(column_starts[place], column_starts[place + 1]):
                    out[at, queries[entry]] += query_weights[entry] * weights[term]


@njit(cache=True, nogil=True)
def best_pairs(
    relevance: Floats,
    ours: Ints,
    first: int,
    fits: Floats,
    starts: Ints,
    row_kinds: Masks,
    row_meets: Bools,
    each_of_ours: bool,
    fitting: float,
    best: Floats,
    mean: Floats,
    our_best: Places,
    row_best: Places,
) -> tuple[Places, Places]:
    """The best pair of each firm, the mean of bests, and all pairs that fit.

    Args:
        relevance: rows × queries: dot products.
        ours: the queries that count, as places in ``fits``.
        first: the query with place 0.
        fits: our listings × kinds: what a product with a row of that kind counts.
        starts: first row of each firm, and the end.
        row_kinds: the kind of each row.
        row_meets: whether a row may meet at all.
        each_of_ours: the mean over our queries of their best rows, otherwise over a firm's rows of their best queries.
        fitting: least value of a pair that fits.
        best: out, one a firm; 0 without a pair.
        mean: out, one a firm; NaN where one side has nothing to meet with.
        our_best: out, the query of the best pair (the first of equals), -1 without one.
        row_best: out, its row.

    Returns:
        The queries and the rows of the pairs that fit.
    """
    pair_queries, pair_rows = np.empty(ROOM, dtype=np.int32), np.empty(ROOM, dtype=np.int32)
    pair_count = 0
    longest = 0
    for firm in range(len(starts) - 1):
        longest = max(longest, starts[firm + 1] - starts[firm])
    firsts, seconds = np.zeros(len(ours)), np.zeros(longest)
    for firm in range(len(starts) - 1):
        firsts[:] = 0.0
        seconds[:] = 0.0
        best[firm], our_best[firm], row_best[firm] = 0.0, -1, -1
        theirs = 0
        for row in range(starts[firm], starts[firm + 1]):
            if not row_meets[row]:
                continue
            theirs += 1
            for at in range(len(ours)):
                our = ours[at]
                product = relevance[row, first + our]
                if product <= 0.0:
                    continue
                value = np.floor(product * fits[our, row_kinds[row]] * GRID + 0.5) / GRID
                if value <= 0.0:
                    continue
                if value >= fitting:
                    if pair_count == len(pair_rows):
                        pair_queries, pair_rows = _doubled(pair_queries), _doubled(pair_rows)
                    pair_queries[pair_count], pair_rows[pair_count] = our, row
                    pair_count += 1
                firsts[at] = max(firsts[at], value)
                seconds[row - starts[firm]] = max(seconds[row - starts[firm]], value)
                if value > best[firm] or (
                    value == best[firm] and _earlier(our, row, our_best[firm], row_best[firm], each_of_ours)
                ):
                    best[firm], our_best[firm], row_best[firm] = value, our, row
        if theirs == 0 or len(ours) == 0:
            mean[firm] = np.nan
        elif each_of_ours:
            mean[firm] = firsts.sum() / len(ours)
        else:
            mean[firm] = seconds.sum() / theirs
    return pair_queries[:pair_count], pair_rows[:pair_count]


@njit(cache=True, nogil=True)
def _doubled(array: Places) -> Places:
    larger = np.empty(2 * len(array), dtype=array.dtype)
    larger[: len(array)] = array
    return larger


@njit(cache=True, nogil=True)
def _earlier(query: int, row: int, other_query: int, other_row: int, query_first: bool) -> bool:
    """Whether a pair stands before another: by the need's place, then by the offer's, from whichever side one looks."""
    if query_first:
        return query < other_query or (query == other_query and row < other_row)
    return row < other_row or (row == other_row and query < other_query)


@njit(cache=True, nogil=True)
def common(one_starts: Ints, one: Ints, one_rows: Places, other_starts: Ints, other: Ints, other_rows: Places) -> Ints:
    """For each pair of rows, how many values they share; values ascend in a row."""
    found = np.zeros(len(one_rows), dtype=np.int64)
    for pair in range(len(one_rows)):
        at, end = one_starts[one_rows[pair]], one_starts[one_rows[pair] + 1]
        to, last = other_starts[other_rows[pair]], other_starts[other_rows[pair] + 1]
        while at < end and to < last:
            if one[at] < other[to]:
                at += 1
            elif one[at] > other[to]:
                to += 1
            else:
                found[pair] += 1
                at += 1
                to += 1
    return found


@njit(cache=True, nogil=True)
def pairs_above(
    relevance: Floats,
    fits: Floats,
    our_sides: Masks,
    our_valid: Bools,
    row_sides: Masks,
    row_valid: Bools,
    row_kinds: Masks,
    begin: int,
    end: int,
    ways: Ints,
    least: Floats,
) -> tuple[Ints, Floats]:
    """The pairs of our listings with the rows of one firm that are relevant enough.

    Args:
        relevance: rows × queries: dot products.
        fits: our listings × kinds: what a product with a row of that kind counts.
        our_sides: the side of each of our listings.
        our_valid: whether each is valid.
        row_sides: the side of each row.
        row_valid: whether each is valid.
        row_kinds: the kind of each row.
        begin: the firm's first row.
        end: where its rows end.
        ways: directions × 3: the side of our listing, the side of theirs, and which set of queries.
        least: least relevance, for each direction.

    Returns:
        Pairs × 3: direction, our listing, place of theirs among the firm's rows; and their relevances. By direction,
        listing and row.
    """
    ours = len(our_sides)
    room = len(ways) * ours * (end - begin)
    found, values = np.empty((room, 3), dtype=np.int64), np.empty(room)
    count = 0
    for way in range(len(ways)):
        for our in range(ours):
            if our_sides[our] != ways[way, 0] or not our_valid[our]:
                continue
            for row in range(begin, end):
                if row_sides[row] == ways[way, 1] and row_valid[row]:
                    value = relevance[row, ways[way, 2] * ours + our] * fits[our, row_kinds[row]]
                    if value >= least[way]:
                        found[count, 0], found[count, 1], found[count, 2] = way, our, row - begin
                        values[count] = value
                        count += 1
    return found[:count], values[:count]


@njit(cache=True, nogil=True)
def common_terms(
    columns: Places, weights: Floats, other_columns: Places, other_weights: Weights
) -> tuple[Places, Floats]:
    """The columns that two rows share, ascending, and the products of their weights."""
    room = min(len(columns), len(other_columns))
    shared, added = np.empty(room, dtype=np.int32), np.empty(room)
    count = at = to = 0
    while at < len(columns) and to < len(other_columns):
        if columns[at] < other_columns[to]:
            at += 1
        elif columns[at] > other_columns[to]:
            to += 1
        else:
            shared[count], added[count] = columns[at], weights[at] * other_weights[to]
            count += 1
            at += 1
            to += 1
    return shared[:count], added[:count]


@njit(cache=True, nogil=True)
def spread(starts: Ints, places: Ints) -> tuple[Ints, Ints]:
    """The parts of some owners, one after another: where each begins and the end, and the parts' places."""
    begins = np.zeros(len(places) + 1, dtype=np.int64)
    for at in range(len(places)):
        begins[at + 1] = begins[at] + starts[places[at] + 1] - starts[places[at]]
    parts = np.empty(begins[-1], dtype=np.int64)
    for at in range(len(places)):
        first = starts[places[at]]
        for part in range(begins[at + 1] - begins[at]):
            parts[begins[at] + part] = first + part
    return begins, parts


@njit(cache=True, nogil=True)
def invert(
    row_starts: Ints, columns: Places, weights: Weights, wanted: Ints, counts: Ints, places: Places
) -> tuple[Ids, Ints, Ids, Weights]:
    """The postings of some rows, numbered in their order; entries of 0 or less are left out.

    Args:
        row_starts: where each row's columns begin, and the end.
        columns: the rows' columns.
        weights: the rows' weights.
        wanted: the rows.
        counts: one a column, all 0; is changed.
        places: one a column; is changed.

    Returns:
        The columns in use, ascending; where each column's postings begin, and the end; their rows and weights.
    """
    for at in range(len(wanted)):
        for term in range(row_starts[wanted[at]], row_starts[wanted[at] + 1]):
            if weights[term] > 0.0:
                counts[columns[term]] += 1
    used = 0
    for column in range(len(counts)):
        if counts[column]:
            used += 1
    found, starts = np.empty(used, dtype=np.uint32), np.zeros(used + 1, dtype=np.int64)
    used = 0
    for column in range(len(counts)):
        if counts[column]:
            found[used] = column
            places[column] = used
            starts[used + 1] = starts[used] + counts[column]
            used += 1
    rows, values = np.empty(starts[used], dtype=np.uint32), np.empty(starts[used], dtype=np.float32)
    ends = starts.copy()
    for at in range(len(wanted)):
        for term in range(row_starts[wanted[at]], row_starts[wanted[at] + 1]):
            if weights[term] > 0.0:
                place = places[columns[term]]
                rows[ends[place]] = at
                values[ends[place]] = weights[term]
                ends[place] += 1
    return found, starts, rows, values
