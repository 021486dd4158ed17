package dev.vicreg.runtime.input;

import java.util.Arrays;

/** Brings sequences of ids to a model's length. */
final class Ids {
    private Ids() {}

    /** The same ids as ints. */
    static int[] of(long[] ids, Input.Sequences input) {
        int[] small = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            small[i] = (int) ids[i];
            if (small[i] != ids[i]) {
                throw unknown(ids[i], i, input.vocabulary());
            }
        }
        return small;
    }

    /** See {@link Input.Sequences#fitted}. */
    static int[] fitted(int[] ids, Input.Sequences input) {
        int count = ids.length;
        while (count > 0 && ids[count - 1] == input.padding()) {
            count--;
        }
        int specials = 0;
        for (int i = 0; i < count; i++) {
            if (ids[i] < 0 || (input.vocabulary() > 0 && ids[i] >= input.vocabulary())) {
                throw unknown(ids[i], i, input.vocabulary());
            }
            specials += input.special().contains(ids[i]) ? 1 : 0;
        }
        int length = input.length();
        if (count == 0 || (count > length && !input.cut())) {
            throw new IllegalArgumentException("a sequence of " + count + " ids, expected 1 to " + length);
        }
        int room = Math.max(0, length - specials);
        int[] fitted = new int[length];
        Arrays.fill(fitted, input.padding());
        int size = 0;
        for (int i = 0; i < count && size < length; i++) {
            if (input.special().contains(ids[i]) || room-- > 0) {
                fitted[size++] = ids[i];
            }
        }
        return fitted;
    }

    private static IllegalArgumentException unknown(long id, int place, int vocabulary) {
        return new IllegalArgumentException(
                "id " + id + " at place " + place + " is not one of 0 to " + (vocabulary == 0 ? "…" : vocabulary - 1));
    }
}
