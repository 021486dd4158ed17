package dev.vicreg.training.loop;

import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.config.GraphConfig;
import dev.vicreg.training.config.ObjectiveConfig;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.pair.PairedData;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.Undecodable;
import dev.vicreg.training.data.view.SampleRandom;
import dev.vicreg.training.data.view.ViewKey;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import dev.vicreg.training.finding.Findings;
import dev.vicreg.training.finding.LossShape;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.objective.VicReg;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What can be told of a run before its first step: from its settings, and from a few of its samples and views. Labels are
 * asked for of rows alone, to tell whether one of the columns gives them away.
 *
 * @param total steps of the whole run
 */
record FirstLook(TrainingConfig settings, PairedData data, long stepsPerEpoch, long total) {
    /** Samples looked at: at most so many, and of short runs as many as make a fiftieth of what is trained on. */
    private static final int MOST = 512;

    private static final int LEAST = 64;
    private static final int SHARE = 50;
    /** Samples whose views are compared, each with those of so many others. */
    private static final int COMPARED = 64;

    private static final int OTHERS = 3;
    /** Keeps the draw apart from samples' views and the order of epochs. */
    private static final int DRAW = -3;

    /** Findings that have seen nothing yet. */
    Findings findings() {
        GraphConfig graph = settings.graph();
        ObjectiveConfig objective = graph.objective();
        VicReg.Variant variant = VicReg.Variant.of(objective.loss());
        LossShape shape = !objective.isVicReg()
                ? null
                : new LossShape(width(), variant != VicReg.Variant.OFFICIAL, variant == VicReg.Variant.PAPER);
        return new Findings(shape, warmup());
    }

    private long warmup() {
        return Math.round(settings.schedule().warmupEpochs() * stepsPerEpoch);
    }

    /** Dimensions of a projection; 0 where that is the representation, whose width only the network knows. */
    private int width() {
        List<Integer> widths = Projector.parse(settings.graph().a().projector());
        return widths.isEmpty() ? 0 : widths.get(widths.size() - 1);
    }

    /**
     * {@code steps}, {@code warmup_steps}, {@code samples}, {@code width}; {@code copies} of a sample on average, among
     * {@code looked_at} others; {@code view_distance}, mean squared distance of the views of a sample by that of different
     * samples, element by element; {@code pairs_of_one_name}, the share of pairs of different samples whose names are alike
     * but for numbers, and what it would be {@code by_chance}; what {@link LabelledRows} tells. What isn't known is left out.
     *
     * <p>A sample that can't be decoded is left out, or the next one is taken, as in training.
     *
     * @throws IOException if more than 1 % of the samples can't be decoded
     */
    Map<String, Float> values() throws IOException {
        Map<String, Float> values = new LinkedHashMap<>();
        values.put("steps", (float) total);
        values.put("warmup_steps", (float) warmup());
        values.put("samples", (float) data.size());
        if (width() > 0) {
            values.put("width", (float) width());
        }
        int[] drawn = drawn();
        Undecodable undecodable =
                new Undecodable("the data set", data.a().data().noun(), data.size());
        addSamples(drawn, undecodable, values);
        if (data.a().type().equals(data.b().type())) {
            values.put(
                    "view_distance", viewDistance(Arrays.copyOf(drawn, Math.min(COMPARED, drawn.length)), undecodable));
        }
        addPairs(values);
        return values;
    }

    private int[] drawn() {
        long trained = total * settings.graph().update().batchSize();
        int count = (int) Math.min(Math.min(MOST, data.size()), Math.max(LEAST, trained / SHARE));
        int[] all = new int[data.size()];
        Arrays.setAll(all, i -> i);
        new SampleRandom(settings.seed(), 0, DRAW).shuffle(all);
        return Arrays.copyOf(all, count);
    }

    private void addSamples(int[] drawn, Undecodable undecodable, Map<String, Float> values) throws IOException {
        Dataset<?> samples = data.a().data();
        Map<Integer, Integer> seen = new HashMap<>();
        LabelledRows rows = new LabelledRows();
        double pairs = 0;
        int looked = 0;
        for (int index : drawn) {
            Object sample;
            try {
                sample = samples.sample(index);
            } catch (IOException e) { // the next one may be drawn too, and would count as its copy
                undecodable.add(index, e);
                undecodable.check();
                continue;
            }
            looked++;
            if (sample instanceof float[] row) {
                rows.add(row, samples.label(index));
            }
            Object content = sample instanceof Signal signal ? signal.samples() : sample;
            int before = seen.merge(Arrays.deepHashCode(new Object[] {content}), 1, Integer::sum) - 1;
            pairs += before;
        }
        values.putAll(rows.values());
        if (looked > 1) {
            double among = (double) looked * (looked - 1) / 2;
            boolean certain = pairs >= 3; // else one chance pair of many samples would count for many
            values.put("copies", certain ? (float) (pairs / among * (data.size() - 1)) : 0);
            values.put("looked_at", (float) looked);
        }
    }

    private float viewDistance(int[] drawn, Undecodable undecodable) throws IOException {
        float[][] a = new float[drawn.length][];
        float[][] b = new float[drawn.length][];
        for (int i = 0; i < drawn.length; i++) {
            int place = i;
            undecodable.next(drawn[place], index -> {
                ViewSource.Sample first = data.a().sample(index);
                ViewSource.Sample second =
                        data.a() == data.b() ? first : data.b().sample(index);
                a[place] = view(first, data.a().type(), new ViewKey(settings.seed(), 0, drawn[place], 0));
                b[place] = view(second, data.b().type(), new ViewKey(settings.seed(), 0, drawn[place], 1));
                return index;
            });
        }
        boolean ids = data.a().type().element() == ViewType.Element.INT64;
        double sum = 0;
        int counted = 0;
        for (int element = 0; element < a[0].length; element++) {
            double same = 0;
            double other = 0;
            for (int i = 0; i < a.length; i++) {
                same += distance(a[i][element], b[i][element], ids);
                for (int k = 1; k <= OTHERS; k++) {
                    other += distance(a[i][element], b[(i + k) % b.length][element], ids) / OTHERS;
                }
            }
            if (other > 0) {
                sum += same / other;
                counted++;
            }
        }
        return counted == 0 ? Float.NaN : (float) (sum / counted);
    }

    private static double distance(float a, float b, boolean ids) {
        return ids ? (a == b ? 0 : 1) : (a - (double) b) * (a - (double) b);
    }

    private static float[] view(ViewSource.Sample sample, ViewType type, ViewKey key) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(type.bytes()).order(ByteOrder.nativeOrder());
        sample.write(key, buffer, 0);
        return switch (type.element()) {
            case UINT8 -> bytes(buffer, type.bytes());
            case FLOAT32 -> floats(buffer, type.bytes() / Float.BYTES);
            case INT64 -> ids(buffer, type.bytes() / Long.BYTES);
        };
    }

    private static float[] bytes(ByteBuffer from, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = from.get(i) & 0xff;
        }
        return values;
    }

    private static float[] floats(ByteBuffer from, int count) {
        float[] values = new float[count];
        from.asFloatBuffer().get(0, values);
        return values;
    }

    private static float[] ids(ByteBuffer from, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = from.getLong(i * Long.BYTES); // exact: vocabularies are smaller than 2^24
        }
        return values;
    }

    /** By the folder and the beginning of a name, where many data sets have the class. */
    private void addPairs(Map<String, Float> values) {
        if (data.a() == data.b()) {
            return;
        }
        Map<String, Integer> groups = new HashMap<>(); // of the second samples
        int different = 0;
        int alike = 0;
        for (int i = 0; i < data.size(); i++) {
            String first = withoutEnding(data.a().data().name(i));
            String second = withoutEnding(data.b().data().name(i));
            groups.merge(group(second), 1, Integer::sum);
            if (!first.equals(second)) {
                different++;
                alike += group(first).equals(group(second)) ? 1 : 0;
            }
        }
        if (different > 0) {
            double chance = groups.values().stream()
                    .mapToDouble(count -> Math.pow((double) count / data.size(), 2))
                    .sum();
            values.put("pairs_of_one_name", (float) alike / different);
            values.put("by_chance", (float) chance);
        }
    }

    private static String withoutEnding(String name) {
        int dot = name.lastIndexOf('.');
        return dot > name.lastIndexOf('/') ? name.substring(0, dot) : name;
    }

    /** The name up to its first digit. */
    private static String group(String name) {
        return name.replaceFirst("[0-9].*", "");
    }
}
