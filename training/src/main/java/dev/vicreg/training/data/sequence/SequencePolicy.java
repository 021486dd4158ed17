package dev.vicreg.training.data.sequence;

import dev.vicreg.training.data.view.SampleRandom;
import dev.vicreg.training.data.view.ViewPolicy;
import java.util.Arrays;

/**
 * From which distribution one view of a sequence of ids is drawn: a stretch of it, then ids deleted, swapped, masked and
 * replaced. Special ids stay where they are among the others, whatever the stretch.
 *
 * @param cropMin smallest share of the ids that the stretch has, itself drawn from here to 1 (sentences: Meng et al.,
 *     COCO-LM, NeurIPS 2021, section 3.3; Wu et al., CLEAR, 2020, deletes spans)
 * @param delete probability that an id is left out (Wei and Zou, EDA, EMNLP 2019, section 2: random deletion)
 * @param swap swaps of two ids at random places, as a share of the ids (EDA: random swap)
 * @param mask probability that the mask's id takes the place of an id (Devlin et al., BERT, NAACL 2019, section 3.1;
 *     where the mask is the padding: token cutoff, Shen et al. 2020)
 * @param replace probability that an id is replaced by one of another sequence, at a random place there, so that frequent
 *     ids come often (for vectors Bahri et al., SCARF, ICLR 2022; BERT draws it from all ids)
 */
public record SequencePolicy(double cropMin, double delete, double swap, double mask, double replace)
        implements ViewPolicy {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public SequencePolicy {
        ViewPolicy.check("crop-min", cropMin, Double.MIN_VALUE, 1);
        ViewPolicy.check("delete", delete, 0, 1);
        ViewPolicy.check("swap", swap, 0, 100);
        ViewPolicy.check("mask", mask, 0, 1);
        ViewPolicy.check("replace", replace, 0, 1);
    }

    /** Other stretches, with some ids masked; none deleted, swapped or replaced. */
    public static SequencePolicy standard() {
        return new SequencePolicy(0.5, 0, 0, 0.15, 0);
    }

    @Override
    public String preset() {
        return SequenceKind.NOUN;
    }

    /**
     * A view of one sequence: a function of the arguments and the random numbers. At least one id of the stretch is left.
     *
     * @param length ids of the view, padding included
     * @return [length]
     */
    public int[] draw(SampleRandom random, SequenceDataset data, int sample, int length, SpecialIds special) {
        int[] ids = data.sample(sample);
        int ordinary = 0;
        for (int id : ids) {
            ordinary += special.kept().contains(id) ? 0 : 1;
        }
        int room = Math.max(0, length - (ids.length - ordinary));
        int kept = (int) Math.rint(random.uniform(cropMin, 1) * ordinary);
        kept = Math.min(room, Math.max(Math.min(1, ordinary), kept));
        int from = random.below(ordinary - kept + 1);

        int[] view = new int[length];
        Arrays.fill(view, special.padding());
        int[] places = new int[kept]; // of ordinary ids in the view
        int count = 0;
        int size = 0;
        int seen = 0;
        for (int i = 0; i < ids.length && size < length; i++) {
            if (!special.kept().contains(ids[i])) {
                int place = seen++ - from;
                boolean last = place == kept - 1 && count == 0;
                if (place < 0 || place >= kept || (random.chance(delete) && !last)) {
                    continue;
                }
                places[count++] = size;
            }
            view[size++] = ids[i];
        }
        change(random, view, Arrays.copyOf(places, count), data, special);
        return view;
    }

    private void change(SampleRandom random, int[] view, int[] places, SequenceDataset data, SpecialIds special) {
        for (int i = 0; i < (int) Math.rint(swap * places.length); i++) {
            int a = places[random.below(places.length)];
            int b = places[random.below(places.length)];
            int swapped = view[a];
            view[a] = view[b];
            view[b] = swapped;
        }
        for (int place : places) {
            int[] other = data.sample(random.below(data.size()));
            int drawn = other[random.below(other.length)];
            boolean replaced = random.chance(replace) && !special.kept().contains(drawn);
            view[place] = replaced ? drawn : view[place];
            view[place] = random.chance(mask) ? special.mask() : view[place];
        }
    }
}
